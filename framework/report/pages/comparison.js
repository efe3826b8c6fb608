// Growth and drawdown of several runs on one time axis. Reads the document in the page; draws with LightweightCharts.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("document").textContent);
  const library = window.LightweightCharts;
  const box = document.getElementById("canvas"), reading = document.getElementById("reading"), size = data.times.length;
  let at = -1;
  function color(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function multiple(value) { return value.toFixed(2) + " x"; }
  function percent(value) { return (value < -0.0005 ? "−" : "") + Math.abs(value * 100).toFixed(1) + "%"; }
  function day(seconds) { return new Date(seconds * 1000).toISOString().slice(0, 10); }
  function line(values) {
    return data.times.map(function (time, n) { return values[n] === null ? { time: time } : { time: time, value: values[n] }; });
  }
  const chart = library.createChart(box, {
    autoSize: true,
    localization: { locale: "en-US", timeFormatter: day },
    timeScale: { rightOffset: 2, minBarSpacing: 0.05 },
    crosshair: { mode: library.CrosshairMode.Normal },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  const quiet = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerRadius: 3 };
  const curves = data.runs.map(function (run) {
    const growth = chart.addSeries(library.LineSeries, Object.assign({ lineWidth: 2, priceFormat: { type: "custom", minMove: 0.01, formatter: multiple } }, quiet), 0);
    const depth = chart.addSeries(library.LineSeries, Object.assign({ lineWidth: 1, priceFormat: { type: "custom", minMove: 0.0001, formatter: percent } }, quiet), 1);
    growth.setData(line(run.growth));
    depth.setData(line(run.drawdown));
    return [growth, depth];
  });
  chart.panes()[0].setStretchFactor(3);
  chart.panes()[1].setStretchFactor(1.3);
  function paint() {
    const grid = color("line"), ink = color("ink");
    chart.applyOptions({
      layout: { background: { color: color("card") }, textColor: color("muted"), fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily, attributionLogo: false, panes: { separatorColor: grid } },
      grid: { vertLines: { visible: false }, horzLines: { color: grid } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: grid },
      crosshair: { vertLine: { color: color("edge"), labelBackgroundColor: ink }, horzLine: { color: color("edge"), labelBackgroundColor: ink } },
    });
    curves.forEach(function (pair, n) { pair.forEach(function (series) { series.applyOptions({ color: color(data.runs[n].color) }); }); });
  }
  function read(n) {
    const place = n >= 0 ? n : size - 1;
    reading.replaceChildren.apply(reading, data.runs.map(function (run) {
      const made = document.createElement("span"), swatch = document.createElement("i"), bold = document.createElement("b");
      swatch.className = "swatch";
      swatch.style.background = "var(--" + run.color + ")";
      bold.textContent = run.growth[place] === null ? "no session" : multiple(run.growth[place]) + ", " + percent(run.drawdown[place]);
      made.append(swatch, run.name + " ", bold);
      return made;
    }));
    reading.prepend(day(data.times[place]));
  }
  function cross(n) {
    at = Math.min(Math.max(n, 0), size - 1);
    const run = data.runs.findIndex(function (one) { return one.growth[at] !== null; });
    if (run >= 0) chart.setCrosshairPosition(data.runs[run].growth[at], data.times[at], curves[run][0]);
    read(at);
  }
  function zoom(factor) {
    const now = chart.timeScale().getVisibleLogicalRange() || { from: 0, to: size - 1 }, middle = (now.from + now.to) / 2;
    const half = Math.min(Math.max((now.to - now.from) * factor, 8), size * 1.05) / 2;
    chart.timeScale().setVisibleLogicalRange({ from: middle - half, to: middle + half });
  }
  chart.subscribeCrosshairMove(function (move) {
    at = move.logical === undefined || move.point === undefined ? -1 : Math.min(Math.max(Math.round(move.logical), 0), size - 1);
    read(at);
  });
  box.addEventListener("wheel", function (event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });
  box.addEventListener("keydown", function (event) {
    const by = event.shiftKey ? 10 : 1;
    const act = { ArrowLeft: function () { cross((at < 0 ? size : at) - by); }, ArrowRight: function () { cross(at + by); }, "+": function () { zoom(0.5); }, "-": function () { zoom(2); } }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  document.getElementById("log").addEventListener("click", function (event) {
    const on = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", String(on));
    curves[0][0].priceScale().applyOptions({ mode: on ? 1 : 0 });
  });
  document.querySelectorAll("[data-zoom]").forEach(function (button) {
    button.addEventListener("click", function () { if (button.dataset.zoom === "all") chart.timeScale().fitContent(); else zoom(Number(button.dataset.zoom)); });
  });
  document.addEventListener("onetape-theme", paint);
  paint();
  chart.timeScale().fitContent();
  read(-1);
  box.dataset.ready = "yes";
})();
