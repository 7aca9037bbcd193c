// Draws every chart of a report from the JSON beside it, in the theme that the reader prefers.
// Expressions are interpreted, never compiled, so that the page's policy can forbid evaluation.
(function () {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const themes = read("chart-themes");

  function draw() {
    const options = {
      actions: false,
      ast: true,
      logLevel: vega.Error,
      renderer: "svg",
      config: dark.matches ? themes.dark : themes.light,
    };
    document.querySelectorAll("[data-chart]").forEach((place) => {
      vegaEmbed(place, read(place.dataset.chart), options).catch((error) => {
        place.textContent = "This chart could not be drawn: " + error.message;
      });
    });
  }

  dark.addEventListener("change", draw);
  draw();
})();
