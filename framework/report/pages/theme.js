// Light or dark: what the reader chose last, else what the system says. Runs before the page is drawn, so that nothing flashes.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() {
    try { return localStorage.getItem("onetape-theme"); } catch { return null; } // a browser may forbid it for files
  }
  function store(theme) {
    try { localStorage.setItem("onetape-theme", theme); } catch { /* then the choice lasts as long as the page */ }
  }
  function shown() {
    return root.dataset.theme || (system.matches ? "dark" : "light");
  }
  function tell() {
    const button = document.getElementById("theme");
    if (button) {
      const other = shown() === "dark" ? "light" : "dark";
      button.textContent = shown() === "dark" ? "☀ Light" : "☾ Dark";
      button.setAttribute("aria-label", "Show the page in " + other + " colors");
    }
    document.dispatchEvent(new Event("onetape-theme"));
  }
  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  root.classList.add("js");
  system.addEventListener("change", tell);
  document.addEventListener("DOMContentLoaded", function () {
    document.getElementById("theme").addEventListener("click", function () {
      root.dataset.theme = shown() === "dark" ? "light" : "dark";
      store(root.dataset.theme);
      tell();
    });
    tell();
  });
})();
