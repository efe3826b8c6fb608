// Prices, trades, equity and drawdown on one time axis. Reads the document in the page; draws with LightweightCharts.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("document").textContent);
  const library = window.LightweightCharts;
  const $ = function (id) { return document.getElementById(id); };
  const box = $("canvas"), size = data.times.length;
  const bySymbol = new Map(data.symbols.map(function (symbol) { return [symbol.name, symbol]; }));
  const [SYMBOL, SIDE, FIRST, LAST, ENTRY, EXIT, SHARES, BOUGHT, SOLD, PNL, FRACTION, R, BARS, WHY_IN, WHY_OUT] = Array(15).keys();
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  // --- how figures are written

  function grouped(value, digits) { return Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }); }
  function signed(text, value) { return /[1-9]/.test(text) ? (value < 0 ? "−" : "+") + text : text; }
  function money(value, digits) { return (value < 0 ? "−$" : "$") + grouped(value, digits); }
  function gain(value) { return signed("$" + grouped(value, Math.abs(value) < 100 ? 2 : 0), value); }
  function percent(value) { return signed(grouped(value * 100, 1) + "%", value); }
  function shares(value) { return value.toLocaleString("en-US", { maximumFractionDigits: 4 }); }
  function price(value) { return money(value, value >= 1 ? 2 : 4); }
  function when(seconds) {
    const text = new Date(seconds * 1000).toISOString();
    return data.intraday ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10);
  }
  function element(tag, text, name) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  }
  function color(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function faint(name, part) { return "rgba(" + color(name + "-rgb").split(" ").join(",") + "," + part + ")"; }

  // --- the chart and what never changes in it

  const chart = library.createChart(box, {
    autoSize: true,
    localization: { locale: "en-US", timeFormatter: when },
    timeScale: { timeVisible: data.intraday, secondsVisible: false, rightOffset: 2, minBarSpacing: 0.05, tickMarkFormatter: tick },
    crosshair: { mode: library.CrosshairMode.Normal },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  function tick(seconds, kind) {
    const day = new Date(seconds * 1000);
    if (kind === 0) return String(day.getUTCFullYear());
    if (kind === 1) return months[day.getUTCMonth()];
    return kind === 2 ? months[day.getUTCMonth()] + " " + day.getUTCDate() : day.toISOString().slice(11, 16);
  }
  const quiet = { priceLineVisible: false, lastValueVisible: false };
  const volume = chart.addSeries(library.HistogramSeries, Object.assign({ priceScaleId: "volume", priceFormat: { type: "volume" } }, quiet), 0);
  const candles = chart.addSeries(library.CandlestickSeries, Object.assign({ borderVisible: false }, quiet), 0);
  const dollars = { type: "custom", minMove: 1, formatter: function (value) { return money(value, 0); } };
  const held = chart.addSeries(library.LineSeries, Object.assign({ lineWidth: 1, priceFormat: dollars, crosshairMarkerRadius: 3 }, quiet), 1);
  const equity = chart.addSeries(library.LineSeries, Object.assign({ lineWidth: 2, priceFormat: dollars, crosshairMarkerRadius: 3 }, quiet), 1);
  const depth = { type: "custom", minMove: 0.0001, formatter: percent };
  const drawdown = chart.addSeries(library.AreaSeries, Object.assign({ lineWidth: 1, invertFilledArea: true, priceFormat: depth, crosshairMarkerRadius: 3 }, quiet), 2);
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.2 } });
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
  equity.priceScale().applyOptions({ mode: library.PriceScaleMode.Percentage, scaleMargins: { top: 0.2, bottom: 0.08 } });
  drawdown.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.08 } });
  chart.panes().forEach(function (pane, at) { pane.setStretchFactor([6, 2.4, 1.6][at]); });
  const marks = library.createSeriesMarkers(candles, [], { autoScale: false });
  function line(values) {
    return data.times.map(function (time, at) { return values[at] === null ? { time: time } : { time: time, value: values[at] }; });
  }
  equity.setData(line(data.equity));
  held.setData(line(data.benchmark));
  drawdown.setData(line(data.drawdown));

  // --- positions, stops and limits, drawn between grid and candles

  let shown = data.symbols[0], chosen = -1, at = -1, logarithmic = null;
  const overlay = {
    paneViews: function () { return [{ zOrder: function () { return "bottom"; }, renderer: function () { return { draw: drawHeld }; } },
      { zOrder: function () { return "top"; }, renderer: function () { return { draw: drawLevels }; } }]; },
    updateAllViews: function () {},
  };
  candles.attachPrimitive(overlay);
  function edges(first, last) {
    const scale = chart.timeScale(), half = scale.options().barSpacing / 2;
    const from = scale.logicalToCoordinate(first), to = scale.logicalToCoordinate(last);
    return from === null || to === null ? null : [from - half, to + half];
  }
  function drawHeld(target) {
    target.useBitmapCoordinateSpace(function (scope) {
      const paint = scope.context, wide = scope.horizontalPixelRatio, high = scope.bitmapSize.height;
      function band(first, last, fill) {
        const span = edges(first, last);
        if (!span) return;
        paint.fillStyle = fill;
        paint.fillRect(span[0] * wide, 0, Math.max((span[1] - span[0]) * wide, wide), high);
      }
      const trade = data.trades[chosen], here = trade && trade[SYMBOL] === shown.name;
      shown.held.forEach(function (span) {
        const same = here && span[0] === trade[FIRST] && span[1] === trade[LAST];
        if (!same) band(span[0], span[1], faint(span[2] > 0 ? "gain" : "loss", 0.1));
      });
      if (here) band(trade[FIRST], trade[LAST], faint(trade[SIDE] === "long" ? "gain" : "loss", 0.22));
    });
  }
  function drawLevels(target) {
    target.useBitmapCoordinateSpace(function (scope) {
      const paint = scope.context, wide = scope.horizontalPixelRatio, tall = scope.verticalPixelRatio;
      function steps(tracks, stroke, dash) {
        paint.strokeStyle = stroke;
        paint.lineWidth = Math.max(1.4 * tall, 1);
        paint.setLineDash(dash.map(function (part) { return part * wide; }));
        paint.beginPath();
        tracks.forEach(function (track) { track.forEach(function (step, number) {
          // Placed at the close of its first bar, it works from the next one on.
          const span = edges(Math.min(step[0] + 1, step[1]), step[1]), level = candles.priceToCoordinate(step[2]);
          if (!span || level === null) return;
          const before = track[number - 1];
          const joins = before && before[1] >= step[0] - 1 && candles.priceToCoordinate(before[2]) !== null;
          if (joins) paint.lineTo(span[0] * wide, level * tall); else paint.moveTo(span[0] * wide, level * tall);
          paint.lineTo(span[1] * wide, level * tall);
        }); });
        paint.stroke();
        paint.setLineDash([]);
      }
      steps(shown.stops, color("loss-text"), [5, 3]);
      steps(shown.limits, color("gain-text"), [1.5, 3]);
    });
  }

  // --- colors of the theme

  function paint() {
    const ink = color("ink"), muted = color("muted"), grid = color("line");
    chart.applyOptions({
      layout: { background: { color: color("card") }, textColor: muted, fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily, attributionLogo: false, panes: { separatorColor: grid, separatorHoverColor: faint("held", 0.3) } },
      grid: { vertLines: { visible: false }, horzLines: { color: grid } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: grid },
      crosshair: { vertLine: { color: color("edge"), labelBackgroundColor: ink }, horzLine: { color: color("edge"), labelBackgroundColor: ink } },
    });
    const rise = color("card"), fall = color("held");
    candles.applyOptions({ upColor: rise, downColor: fall, wickUpColor: fall, wickDownColor: fall, borderVisible: true, borderUpColor: fall, borderDownColor: fall });
    volume.applyOptions({ color: faint("held", 0.45) });
    equity.applyOptions({ color: color("gain") });
    held.applyOptions({ color: color("held") });
    drawdown.applyOptions({ lineColor: color("loss"), topColor: faint("loss", 0.3), bottomColor: faint("loss", 0.3) });
    mark();
  }

  // --- one symbol

  function mark() {
    marks.setMarkers(shown.marks.map(function (one) {
      const trade = data.trades[one[7]], bought = one[1] > 0;
      const tone = !trade ? "held" : trade[PNL] > 0 ? "gain" : "loss";
      return { time: data.times[one[0]], position: bought ? "belowBar" : "aboveBar", shape: bought ? "arrowUp" : "arrowDown", color: color(tone), size: 1 };
    }));
    box.dataset.marks = shown.marks.length;
  }
  function show(name) {
    if (!bySymbol.has(name)) return false;
    shown = bySymbol.get(name);
    $("symbol").value = name;
    box.dataset.symbol = name;
    box.setAttribute("aria-label", "Chart of " + name + " with equity and drawdown below");
    candles.applyOptions({ priceFormat: { type: "custom", minMove: Math.pow(10, -shown.decimals), formatter: price } });
    candles.setData(data.times.map(function (time, n) {
      return shown.close[n] === null ? { time: time } : { time: time, open: shown.open[n], high: shown.high[n], low: shown.low[n], close: shown.close[n] };
    }));
    volume.setData(line(shown.volume));
    scales();
    mark();
    $("chart-notes").textContent = data.notes.concat(shown.note || []).join(" ");
    requestAnimationFrame(name_panes);
    read(at);
    return true;
  }
  // As the still pictures: logarithmic where the highest is over four times the lowest, until the reader says otherwise.
  function wide(values) {
    const known = values.filter(function (value) { return value !== null; });
    const low = known.reduce(function (one, other) { return Math.min(one, other); }, Infinity);
    return low > 0 && known.some(function (value) { return value > 4 * low; });
  }
  function scales() {
    const log = logarithmic === null ? wide(shown.close) : logarithmic;
    $("log").setAttribute("aria-pressed", String(log));
    candles.priceScale().applyOptions({ mode: log ? library.PriceScaleMode.Logarithmic : library.PriceScaleMode.Normal });
  }
  function name_panes() {
    box.querySelectorAll(".pane-name").forEach(function (old) { old.remove(); });
    let top = 6;
    [shown.name + (data.step > 1 ? ", each candle " + data.step + " bars" : ""), "Equity, and buy and hold (gray), since the left edge", "Drawdown"].forEach(function (text, n) {
      const label = element("div", text, "pane-name");
      label.style.top = top + "px";
      box.append(label);
      top += chart.panes()[n].getHeight() + 1;
    });
  }

  // --- what is under the crosshair

  function fact(name, value) {
    const made = element("span", name + " ");
    made.append(element("b", value));
    return made;
  }
  function level(tracks, n) {
    const found = [];
    tracks.forEach(function (track) { track.forEach(function (step) { if (Math.min(step[0] + 1, step[1]) <= n && n <= step[1]) found.push(price(step[2])); }); });
    return found.filter(function (text, place) { return found.indexOf(text) === place; }).slice(0, 3).join(", ");
  }
  function read(n) {
    const place = n >= 0 ? n : size - 1, reading = $("reading");
    reading.replaceChildren(fact(shown.name, when(data.times[place])));
    if (shown.close[place] !== null) {
      ["open", "high", "low", "close"].forEach(function (name) { reading.append(fact(name, price(shown[name][place]))); });
      reading.append(fact("volume", shares(shown.volume[place])));
    } else reading.append(element("span", "no bar"));
    const stop = level(shown.stops, place), limit = level(shown.limits, place);
    if (stop) reading.append(fact("stop", stop));
    if (limit) reading.append(fact("limit", limit));
    reading.append(fact("equity", money(data.equity[place], 0)), fact("drawdown", percent(data.drawdown[place])));
    shown.marks.filter(function (one) { return one[0] === place; }).forEach(function (one) { reading.append(element("span", told(one).join(". "), "unseen")); });
  }
  function told(one) {
    const trade = data.trades[one[7]], lines = [];
    const verb = (one[1] > 0 ? "Bought " : "Sold ") + shares(one[2]) + " at " + price(one[4]);
    lines.push(verb + (one[6] ? ", entry" : ", exit") + (one[5] ? " (" + one[5] + ")" : ""));
    if (Math.abs(one[4] - one[3]) > 0.01 * one[4]) lines.push(price(one[3]) + " in shares of today, after splits");
    if (trade) lines.push((one[6] ? "The trade ended at " : "Result ") + gain(trade[PNL]) + " (" + percent(trade[FRACTION]) + (trade[R] === null ? "" : ", " + signed(grouped(trade[R], 2), trade[R]) + " R") + ", " + trade[BARS] + (trade[BARS] === 1 ? " bar)" : " bars)"));
    else if (one[7] === -1) lines.push("Still open at the end");
    return lines;
  }
  const tip = element("div", undefined, "tip");
  tip.setAttribute("aria-hidden", "true");
  box.append(tip);
  function point(n, x, y) {
    const here = n < 0 ? [] : shown.marks.filter(function (one) { return one[0] === n; });
    tip.style.display = here.length ? "block" : "none";
    if (!here.length) return;
    tip.replaceChildren.apply(tip, here.slice(0, 4).map(function (one) {
      const part = element("p");
      told(one).forEach(function (text, number) { part.append(element(number ? "div" : "strong", text)); });
      return part;
    }));
    const left = x + 16 + tip.offsetWidth > box.clientWidth - 60 ? x - 16 - tip.offsetWidth : x + 16;
    tip.style.left = Math.max(left, 4) + "px";
    tip.style.top = Math.max(Math.min(y + 14, box.clientHeight - tip.offsetHeight - 34), 4) + "px";
  }
  chart.subscribeCrosshairMove(function (move) {
    at = move.logical === undefined || move.point === undefined ? -1 : Math.min(Math.max(Math.round(move.logical), 0), size - 1);
    read(at);
    point(at, move.point ? move.point.x : 0, move.point ? move.point.y : 0);
  });

  // --- moving about

  function range() { return chart.timeScale().getVisibleLogicalRange() || { from: 0, to: size - 1 }; }
  function look(from, to) { chart.timeScale().setVisibleLogicalRange({ from: from, to: to }); }
  function zoom(factor) {
    const now = range(), middle = at >= now.from && at <= now.to ? at : (now.from + now.to) / 2;
    const wanted = Math.min(Math.max((now.to - now.from) * factor, 8), size * 1.05);
    const left = (middle - now.from) / (now.to - now.from);
    look(middle - wanted * left, middle + wanted * (1 - left));
  }
  function cross(n) {
    at = Math.min(Math.max(n, 0), size - 1);
    const now = range();
    if (at < now.from || at > now.to) look(at - (now.to - now.from) / 2, at + (now.to - now.from) / 2);
    const level = shown.close[at] === null ? data.equity[at] : shown.close[at];
    chart.setCrosshairPosition(level, data.times[at], shown.close[at] === null ? equity : candles);
    read(at);
    const x = chart.timeScale().logicalToCoordinate(at), y = candles.priceToCoordinate(level);
    point(at, x || 0, shown.close[at] === null ? 0 : y || 0);
  }
  function jump(number, move) {
    const trade = data.trades[number];
    if (!trade || !show(trade[SYMBOL])) return;
    chosen = number;
    box.dataset.trade = number;
    const around = Math.max(15, (trade[LAST] - trade[FIRST]) * 0.6);
    look(Math.max(trade[FIRST] - around, -0.5), Math.min(trade[LAST] + around, size + 1));
    if (move) $("chart").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    requestAnimationFrame(function () { cross(trade[LAST]); });
    document.querySelectorAll("#trades-body tr").forEach(function (row) { row.classList.toggle("chosen", Number(row.dataset.trade) === number); });
  }
  function neighbor(direction) {
    const own = data.trades.map(function (trade, number) { return number; }).filter(function (number) { return data.trades[number][SYMBOL] === shown.name; });
    if (!own.length) return;
    const place = own.indexOf(chosen);
    const next = place < 0 ? (direction > 0 ? 0 : own.length - 1) : Math.min(Math.max(place + direction, 0), own.length - 1);
    jump(own[next], false);
  }
  function span(days) {
    const end = Math.min(Math.max(Math.round(range().to), 1), size - 1);
    const from = data.times.findIndex(function (time) { return time > data.times[end] - days * 86400; });
    if (days === 0) chart.timeScale().fitContent(); else look(from - 0.5, end + 0.5);
  }
  function offer_spans() {
    const whole = (data.times[size - 1] - data.times[0]) / 86400, each = whole / size;
    const offered = [["1D", 1], ["1W", 7], ["1M", 30], ["3M", 91], ["1Y", 365], ["5Y", 1826]].filter(function (one) { return one[1] < whole && one[1] > 12 * each; });
    offered.slice(0, 4).concat([["All", 0]]).forEach(function (one) {
      const button = element("button", one[0]);
      button.type = "button";
      button.dataset.days = one[1];
      $("spans").append(button);
    });
  }
  chart.timeScale().subscribeVisibleLogicalRangeChange(function (now) {
    if (now) { box.dataset.from = now.from.toFixed(1); box.dataset.to = now.to.toFixed(1); }
  });
  box.addEventListener("wheel", function (event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });
  const keys = {
    ArrowLeft: function (by) { cross((at < 0 ? size : at) - by); }, ArrowRight: function (by) { cross(at + by); },
    Home: function () { cross(0); }, End: function () { cross(size - 1); },
    "+": function () { zoom(0.5); }, "=": function () { zoom(0.5); }, "-": function () { zoom(2); },
    n: function () { neighbor(1); }, p: function () { neighbor(-1); },
  };
  box.addEventListener("keydown", function (event) {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event.shiftKey ? 10 : 1);
  });
  $("chart").addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.zoom) zoom(Number(button.dataset.zoom));
    if (button.dataset.step) neighbor(Number(button.dataset.step));
    if (button.dataset.days) span(Number(button.dataset.days));
    if (button.id === "log") { logarithmic = $("log").getAttribute("aria-pressed") !== "true"; scales(); }
  });
  data.symbols.forEach(function (symbol) {
    const many = data.trades.filter(function (trade) { return trade[SYMBOL] === symbol.name; }).length;
    const option = element("option", symbol.name + " (" + many + (many === 1 ? " trade)" : " trades)"));
    option.value = symbol.name;
    $("symbol").append(option);
  });
  $("symbol").addEventListener("change", function () { chosen = -1; show($("symbol").value); });

  // --- the table of trades

  const columns = [["Symbol", SYMBOL], ["Side", SIDE], ["Entry", ENTRY], ["Exit", EXIT], ["Shares", SHARES, shares], ["Entry price", BOUGHT, price], ["Exit price", SOLD, price],
    ["Result", PNL, gain], ["Return", FRACTION, percent], ["R", R, function (value) { return value === null ? "n/a" : signed(grouped(value, 2), value); }], ["Bars", BARS, shares], ["Entered by", WHY_IN], ["Left by", WHY_OUT]]
    .filter(function (column) { return column[1] < WHY_IN || data.trades.some(function (trade) { return trade[column[1]]; }); });
  let sorted = ENTRY, upward = true;
  function fill_table() {
    const order = data.trades.map(function (trade, number) { return number; });
    order.sort(function (one, other) {
      const left = data.trades[one][sorted], right = data.trades[other][sorted];
      if (left === right) return one - other;
      const less = left === null ? true : right === null ? false : left < right;
      return less === upward ? -1 : 1;
    });
    $("trades-body").replaceChildren.apply($("trades-body"), order.map(row));
    document.querySelectorAll("#trades-head th").forEach(function (head, number) {
      if (columns[number][1] === sorted) head.setAttribute("aria-sort", upward ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }
  function row(number) {
    const trade = data.trades[number], made = element("tr");
    made.dataset.trade = number;
    if (number === chosen) made.className = "chosen";
    columns.forEach(function (column, place) {
      const value = trade[column[1]], text = column[2] ? column[2](value) : value;
      const cell = element(place ? "td" : "th", place ? text : undefined, column[2] ? "n" : column[1] < WHY_IN ? "d" : "tag");
      if (!place) {
        cell.scope = "row";
        if (bySymbol.has(value)) {
          const go = element("button", value, "go");
          go.type = "button";
          go.dataset.trade = number;
          go.setAttribute("aria-label", "Show this trade in " + value + " on the chart");
          cell.append(go);
        } else cell.textContent = value;
      }
      if (column[1] === PNL) cell.classList.add("strong", value > 0 ? "up" : "down");
      made.append(cell);
    });
    return made;
  }
  columns.forEach(function (column) {
    const head = element("th", undefined, column[2] ? "n" : ""), button = element("button", column[0]);
    head.scope = "col";
    button.type = "button";
    button.addEventListener("click", function () {
      upward = sorted === column[1] ? !upward : !column[2];
      sorted = column[1];
      fill_table();
    });
    head.append(button);
    $("trades-head").append(head);
  });
  $("trades-body").addEventListener("click", function (event) {
    const made = event.target.closest("tr");
    if (made) jump(Number(made.dataset.trade), true);
  });
  document.querySelectorAll("#results button.go").forEach(function (button) {
    button.addEventListener("click", function () { jump(Number(button.dataset.trade), true); });
  });
  $("trades-count").textContent = data.trades.length ? "A click on a trade shows it on the chart; a click on a heading sorts." : "No trade was closed.";

  // --- begin

  document.addEventListener("onetape-theme", paint);
  new ResizeObserver(function () { requestAnimationFrame(name_panes); }).observe(box);
  fill_table();
  offer_spans();
  paint();
  show(shown.name);
  chart.timeScale().fitContent();
  box.dataset.ready = "yes";
})();
