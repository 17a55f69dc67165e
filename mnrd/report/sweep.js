"use strict";
// Draws the page of a sweep from its data: ranking, effects, parallel coordinates, curves and map of one answer.
(() => {
  const sweep = JSON.parse(document.getElementById("sweep-data").textContent);
  const INK = "#2b2b33", GRID = "#e3e3e8", MISSING = "#8a8a94", MAP = "Viridis";
  const LINES = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#000000", "#f0e442"];
  const RANKED = 15, CURVES = 8, LISTED = 25, SHOWN = 4, FEW = 8, LONG = 18, BESIDE = 130;
  const at = (id) => document.getElementById(id);
  const number = (value) => (value === null ? "" : String(Number(value.toPrecision(4))));
  const short = (label) => label.replace(/^(?:[^.,\[]*\.)+/, "");
  const wrapped = (label) => label.replace(", with ", ",<br>with ");
  const cut = (text) => (text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text);
  const all = [...sweep.cells.keys()];

  const state = { answer: 0, x: 0, y: -1, highest: true, fixed: {} };
  const answer = () => sweep.answers[state.answer];
  const axis = (index) => sweep.axes[index];
  const done = () => all.filter((cell) => answer().values[cell] !== null);

  function layout(more) {
    return {
      font: { family: "system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif", size: 12.5, color: INK }, paper_bgcolor: "white", plot_bgcolor: "white",
      margin: { l: 8, r: 12, t: 30, b: 8 }, ...more,
    };
  }

  function scale(index) {
    const one = axis(index);
    const common = { title: { text: wrapped(one.label), standoff: 8 }, automargin: true };
    if (!one.numeric) return { ...common, type: "category", categoryarray: one.levels, gridcolor: GRID };
    const few = one.levels.length <= FEW;
    const shown = few ? one.levels : one.log ? logTicks(one.levels) : null;
    const ticks = shown === null ? {} : { tickvals: shown, ticktext: few ? one.text : shown.map(number) };
    return { ...common, type: one.log ? "log" : "linear", gridcolor: GRID, zeroline: false, ...ticks };
  }

  const said = (cell) =>
    `cell ${sweep.cells[cell].cell}<br>` +
    sweep.axes.map((one) => `${one.label}: ${one.text[one.levels.indexOf(one.values[cell])]}`).join("<br>") +
    `<br><b>${answer().label}: ${number(answer().values[cell])}</b>`;

  function ranking() {
    const sign = state.highest ? -1 : 1;
    const order = done().sort((one, other) => sign * (answer().values[one] - answer().values[other]));
    const most = Math.max(...order.map((cell) => Math.abs(answer().values[cell]))) || 1;
    const body = at("sweep-ranking").tBodies[0];
    body.replaceChildren(...order.slice(0, RANKED).map((cell, place) => {
      const row = document.createElement("tr");
      row.insertCell().textContent = place + 1;
      const shown = row.insertCell(), bar = document.createElement("span"), value = document.createElement("b");
      shown.className = "ranked";
      bar.style.width = `${(100 * Math.abs(answer().values[cell])) / most}%`;
      value.textContent = number(answer().values[cell]);
      shown.append(bar, value);
      const where = sweep.axes.map((one) => one.text[one.levels.indexOf(one.values[cell])]);
      for (const text of [sweep.cells[cell].cell, ...where]) row.insertCell().textContent = text;
      return row;
    }));
    at("sweep-ranked").textContent = answer().label;
    at("sweep-order").textContent = state.highest ? "highest first" : "lowest first";
  }

  function effects() {
    const found = [...answer().effects].reverse();
    const ends = found.map((one) => one.groups.map((group) => group[1]));
    const low = ends.map((means) => Math.min(...means)), high = ends.map((means) => Math.max(...means));
    const named = (one, mean) => cut(one.groups.find((group) => group[1] === mean)[0]);
    const order = (one) => one.correlation === null ? "" : `<br>ρ = ${one.correlation.toFixed(2).replace("-", "−")}`;
    const bars = {
      type: "bar", orientation: "h", y: found.map((one) => wrapped(short(axis(one.axis).label)) + order(one)),
      base: low, x: high.map((value, row) => value - low[row]),
      marker: { color: LINES[0] }, hoverinfo: "text",
      hovertext: found.map((one) => one.groups.map((group) => `${group[0]}: ${number(group[1])}`).join("<br>")),
    };
    const names = found.flatMap((one, row) => {
      const name = (value, anchor, shift, text) => ({ x: value, y: row, text, showarrow: false, xanchor: anchor,
        xshift: shift, font: { size: 11 } });
      if (low[row] === high[row]) return [name(low[row], "center", 0, "no effect")];
      return [name(low[row], "right", -5, named(one, low[row])), name(high[row], "left", 5, named(one, high[row]))];
    });
    // Room for the names at both ends, as wide as the longest of them.
    const wide = 12 + 6.5 * Math.max(...names.map((one) => one.text.length), 1);
    const between = Math.max(at("sweep-effects").clientWidth - BESIDE - 2 * wide, 60);
    const room = ((Math.max(...high) - Math.min(...low) || 1) * wide) / between;
    Plotly.react("sweep-effects", [bars], layout({
      height: 80 + 44 * found.length, bargap: 0.4, annotations: names,
      xaxis: { title: { text: `mean of ${answer().label}`, standoff: 8 }, automargin: true, gridcolor: GRID,
        zeroline: false, range: [Math.min(...low) - room, Math.max(...high) + room] },
      yaxis: { automargin: true },
    }), mnrd.CONFIG);
  }

  function parallel() {
    const cells = done();
    const numbers = (values) => cells.map((cell) => values[cell]);
    const ofAxis = (one) => one.numeric
      ? { label: short(one.label), values: numbers(one.values).map((value) => (one.log ? Math.log10(value) : value)),
          ...ticksOf(one) }
      : { label: short(one.label), values: numbers(one.values).map((value) => one.levels.indexOf(value)),
          tickvals: one.levels.map((_, place) => place), ticktext: one.text.map(cut) };
    const others = sweep.answers.slice(0, Math.min(sweep.shown || SHOWN, SHOWN)).filter((one) => one !== answer());
    const ofAnswer = (one) => ({ label: one.label, values: numbers(one.values) });
    const lines = { color: numbers(answer().values), colorscale: MAP, showscale: false };
    Plotly.react("sweep-parallel", [{
      type: "parcoords", line: lines, labelangle: -12, labelside: "top",
      dimensions: [...sweep.axes.map(ofAxis), ...others.map(ofAnswer), ofAnswer(answer())],
    }], layout({ height: 420, margin: { l: 60, r: 80, t: 100, b: 24 } }), mnrd.CONFIG);
  }

  function ticksOf(one) {
    const shown = one.levels.length <= FEW ? one.levels : one.log ? logTicks(one.levels) : null;
    if (shown === null) return {};
    return { tickvals: shown.map((value) => (one.log ? Math.log10(value) : value)), ticktext: shown.map(number) };
  }

  function logTicks(levels) {
    const [low, high] = [levels[0], levels[levels.length - 1]];
    const found = [low];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1)
      for (const factor of [1, 2, 5]) {
        const tick = factor * 10 ** power;
        if (tick > 1.2 * low && tick < high / 1.2) found.push(tick);
      }
    return [...found, high];
  }

  // Cells in which every axis that is neither x nor y has the value that was chosen for it; samples have none to choose.
  const listed = (one) => one.levels.length <= LISTED && one.levels.length * 2 <= sweep.cells.length;
  const slices = () => sweep.axes.map((_, index) => index)
    .filter((index) => index !== state.x && index !== state.y && listed(axis(index)));
  const inSlice = () => all.filter((cell) => slices().every((index) => axis(index).values[cell] === state.fixed[index]));

  function curves() {
    const cells = inSlice().filter((cell) => answer().values[cell] !== null);
    const x = axis(state.x), y = state.y < 0 ? null : axis(state.y);
    const along = (chosen) => [...chosen].sort((one, other) =>
      x.levels.indexOf(x.values[one]) - x.levels.indexOf(x.values[other]));
    const trace = (chosen, name, marker) => ({
      type: "scatter", mode: listed(x) && x.numeric ? "lines+markers" : "markers", name,
      x: along(chosen).map((cell) => x.values[cell]), y: along(chosen).map((cell) => answer().values[cell]),
      hovertext: along(chosen).map(said), hoverinfo: "text", marker,
    });
    let traces;
    if (y === null) traces = [trace(cells, answer().label, { color: LINES[0], size: 9 })];
    else if (listed(y) && y.levels.length <= CURVES)
      traces = y.levels.map((level, index) => trace(
        cells.filter((cell) => y.values[cell] === level), y.text[index], { color: LINES[index], size: 9 }));
    else {
      const sorted = along(cells).map((cell) => y.values[cell]);
      traces = [trace(cells, "", {
        size: 10, color: y.log ? sorted.map(Math.log10) : sorted, colorscale: MAP, line: { color: INK, width: 0.5 },
        colorbar: { title: { text: y.label, side: "right" }, thickness: 14, ...(y.log ? ticksOf(y) : {}) },
      })];
    }
    const named = traces.length > 1;
    Plotly.react("sweep-curves", traces, layout({
      height: 430, showlegend: named, xaxis: scale(state.x),
      yaxis: { title: { text: answer().label, standoff: 8 }, automargin: true, gridcolor: GRID, zeroline: false },
      legend: { orientation: "h", y: -0.2, yanchor: "top", x: 0, title: { text: named ? `${y.label} ` : "" } },
    }), mnrd.CONFIG);
  }

  function map() {
    at("sweep-map").hidden = state.y < 0;
    if (state.y < 0) return;
    const cells = inSlice(), x = axis(state.x), y = axis(state.y);
    const bar = { title: { text: answer().label, side: "right" }, thickness: 14 };
    const there = (cell) => answer().values[cell] !== null;
    const points = (chosen, marker) => ({
      type: "scatter", mode: "markers", x: chosen.map((cell) => x.values[cell]), y: chosen.map((cell) => y.values[cell]),
      hovertext: chosen.map(said), hoverinfo: "text", marker, showlegend: false,
    });
    const traces = [];
    if (listed(x) && listed(y)) {
      const grid = y.levels.map((down) => x.levels.map((across) => {
        const cell = cells.find((one) => x.values[one] === across && y.values[one] === down);
        return cell === undefined ? null : answer().values[cell];
      }));
      const smooth = x.numeric && y.numeric && x.levels.length > 1 && y.levels.length > 1;
      traces.push(smooth
        ? { type: "contour", x: x.levels, y: y.levels, z: grid, colorscale: MAP, colorbar: bar, hoverinfo: "skip",
            contours: { coloring: "heatmap", showlabels: true, labelfont: { color: "white", size: 12 } },
            line: { color: "white", width: 1 }, connectgaps: false }
        : { type: "heatmap", x: x.levels, y: y.levels, z: grid, colorscale: MAP, colorbar: bar, hoverinfo: "skip" });
      traces.push(points(cells.filter(there), { color: "white", size: 8, line: { color: INK, width: 1.5 } }));
    } else {
      const shown = cells.filter(there);
      traces.push(points(shown, { size: 15, color: shown.map((cell) => answer().values[cell]), colorscale: MAP,
        colorbar: bar, line: { color: INK, width: 0.5 } }));
    }
    traces.push(points(cells.filter((cell) => !there(cell)), { symbol: "x", size: 9, color: MISSING }));
    Plotly.react("sweep-map", traces, layout({
      height: 430, xaxis: scale(state.x), yaxis: scale(state.y), showlegend: false, hovermode: "closest",
    }), mnrd.CONFIG);
  }

  function choice(id, label, options, chosen, change) {
    const frame = document.createElement("label"), list = document.createElement("select");
    list.id = id;
    for (const [value, text] of options) list.add(new Option(text, value, false, String(value) === String(chosen)));
    list.addEventListener("change", () => change(list.value));
    frame.append(label, " ", list);
    return frame;
  }

  function choices() {
    const names = sweep.axes.map((one, index) => [index, short(one.label)]);
    const shown = [choice("sweep-x", "along", names, state.x, (value) => {
      if (Number(value) === state.y) state.y = state.x;
      state.x = Number(value);
      choices();
      surfaces();
    })];
    if (names.length > 1) {
      const others = [[-1, "nothing"], ...names].filter(([index]) => index !== state.x);
      shown.push(choice("sweep-y", "and", others, state.y, (value) => {
        state.y = Number(value);
        choices();
        surfaces();
      }));
    }
    for (const index of slices()) {
      const one = axis(index);
      if (!(index in state.fixed)) state.fixed[index] = one.levels[Math.floor((one.levels.length - 1) / 2)];
      shown.push(choice(`sweep-at-${index}`, `at ${short(one.label)}`, one.text.map((text, place) => [place, text]),
        one.levels.indexOf(state.fixed[index]), (value) => {
          state.fixed[index] = one.levels[Number(value)];
          surfaces();
        }));
    }
    at("sweep-choices").replaceChildren(...shown);
  }

  const surfaces = () => { curves(); map(); };
  const draw = () => { ranking(); effects(); parallel(); surfaces(); };

  // The choice of the answer holds for the whole page, so it stays in sight on the whole page.
  document.querySelector("main").prepend(at("sweep-answer").closest("p"));
  // The two axes that the first answer follows most are drawn first.
  const strongest = answer().effects.map((one) => one.axis);
  [state.x = 0, state.y = -1] = strongest;
  at("sweep-answer").addEventListener("change", (event) => { state.answer = Number(event.target.value); draw(); });
  at("sweep-order").addEventListener("click", () => { state.highest = !state.highest; ranking(); });
  choices();
  draw();
})();
