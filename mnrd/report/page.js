"use strict";

// Everything a page does: draw plots, those that are near first, change time axes, sort tables, unfold for the printer.
const mnrd = (() => {
  const CONFIG = {
    responsive: true, displaylogo: false, plotlyServerURL: "",
    displayModeBar: window.matchMedia("(hover: none)").matches ? false : "hover", // it would cover the plot
    modeBarButtonsToRemove: [
      "sendChartToCloud", // nothing leaves the page
      "lasso2d", "select2d", "autoScale2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d",
    ],
  };
  const figures = [...document.querySelectorAll("figure.plot")];

  function draw(figure) {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "yes";
    const plot = JSON.parse(figure.querySelector("script").textContent);
    const canvas = figure.querySelector(".canvas");
    if (plot.choices) canvas.before(chooser(plot, canvas));
    Plotly.newPlot(canvas, plot.data, plot.layout, CONFIG);
  }

  // Selects and sliders of a plot: states["i,j"] has what changes of the first trace and of the layout.
  function chooser(plot, canvas) {
    const box = document.createElement("div");
    box.className = "choices";
    const chosen = () => {
      const key = [...box.querySelectorAll("select, input")].map((one) => one.value).join(",");
      const [trace, layout] = plot.states[key];
      const data = plot.data.map((one, number) => (number ? one : { ...one, ...trace }));
      Plotly.react(canvas, data, { ...canvas.layout, ...layout }, CONFIG);
    };
    for (const { label, options, value, slider } of plot.choices) {
      const line = document.createElement("label");
      const input = document.createElement(slider ? "input" : "select");
      line.append(label, input);
      if (slider) {
        const said = document.createElement("output");
        Object.assign(input, { type: "range", min: 0, max: options.length - 1, step: 1 });
        const say = () => { said.textContent = options[input.value]; };
        input.addEventListener("input", say);
        input.value = value;
        say();
        line.append(said);
      } else {
        options.forEach((option, number) => input.add(new Option(option, number)));
        input.value = value;
      }
      input.addEventListener("input", chosen);
      box.append(line);
    }
    return box;
  }

  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "600px" },
  );
  figures.forEach((figure) => near.observe(figure));

  // The others are drawn one by one while nothing else is to do, so that nobody who scrolls fast sees blanks.
  const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const rest = [...figures];
  const next = () => {
    if (!rest.length) return;
    draw(rest.shift());
    idle(next);
  };
  window.addEventListener("load", () => idle(next));

  // Paper is narrower than a screen, and plots do not notice that by themselves.
  window.addEventListener("beforeprint", () => {
    figures.forEach(draw);
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    document.body.classList.add("paper");
    document.querySelectorAll("figure.plot .canvas").forEach((canvas) => {
      Plotly.relayout(canvas, { width: canvas.clientWidth, height: canvas.clientHeight });
    });
  });
  window.addEventListener("afterprint", () => {
    document.body.classList.remove("paper");
    document.querySelectorAll("figure.plot .canvas").forEach((canvas) => {
      Plotly.relayout(canvas, { width: null, height: null, autosize: true });
    });
  });

  // A plot against time has both of its time axes in layout.meta: {log: {...}, linear: {...}}.
  document.querySelectorAll("input[name=clock]").forEach((input) => input.addEventListener("change", () => {
    figures.forEach((figure) => {
      draw(figure);
      const canvas = figure.querySelector(".canvas");
      const axes = canvas.layout.meta;
      if (axes && axes[input.value]) Plotly.relayout(canvas, axes[input.value]);
    });
  }));

  function sort(header) {
    const body = header.closest("table").tBodies[0];
    const column = [...header.parentNode.children].indexOf(header);
    const up = header.getAttribute("aria-sort") !== "ascending";
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = (a, b) => {
      if ((a === "") !== (b === "")) return a === "" ? 1 : -1; // empty cells last, in both directions
      const found = isNaN(a) || isNaN(b) ? a.localeCompare(b, "en", { numeric: true }) : a - b;
      return up ? found : -found;
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => compare(a, b)).forEach(([, row]) => body.append(row));
    [...header.parentNode.children].forEach((one) => one.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
  }

  document.querySelectorAll("table.sortable th").forEach((header) => {
    const button = document.createElement("button");
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header));
  });

  return { CONFIG, draw };
})();
