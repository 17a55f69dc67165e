// The camera, which has to fit the window, and what is written beside the block: rulers and the names of its layers.
"use strict";
(function () {
  const ROOM = { top: 12, bottom: 30 }; // px
  const SHORTEST = 40; // px of an edge that has a ruler or names
  let fitted = null, drawn = null, block = null;

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const minus = (a, b) => a.map((one, i) => one - b[i]);
  const along = (a, step, b) => a.map((one, i) => one + step * b[i]);
  const unit = (a) => a.map((one) => one / Math.sqrt(dot(a, a)));
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

  const view = () => window.trame && window.trame.refs && window.trame.refs.scene;
  const state = (name) => window.trame.state.get(name);
  const corners = (block) => [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [0, 1, 2].map((i) => (n >> i & 1 ? block.high : block.low)[i]));

  const middleOf = (block) => block.low.map((one, i) => (one + block.high[i]) / 2);

  // Unit vectors to the right, up and towards the viewer.
  function axesOf(camera) {
    const near = unit(minus(camera.position, camera.focalPoint));
    const right = unit(cross(camera.viewUp, near));
    return [right, cross(near, right), near];
  }

  const text = () => parseFloat(getComputedStyle(document.getElementById("labels")).fontSize); // px

  // Show the whole block from where the axes say, with room for what is written beside it.
  function fit(axes, block, box) {
    const [right, up, near] = axes;
    const across = corners(block).map((one) => dot(one, right)), height = corners(block).map((one) => dot(one, up));
    const longest = Math.max(...block.names.map((one) => one[0].length), 0);
    const beside = Math.min(26 + 0.55 * text() * longest, 0.4 * box.width), before = 12 + 2.8 * text();
    const [low, high] = [Math.min(...across), Math.max(...across)], [base, top] = [Math.min(...height), Math.max(...height)];
    const perPixel = Math.max((high - low) / (box.width - before - beside), (top - base) / (box.height - ROOM.top - ROOM.bottom));
    const middle = middleOf(block);
    const sideways = (low + high) / 2 + (beside - before) / 2 * perPixel - dot(middle, right);
    const upwards = (base + top) / 2 + (ROOM.top - ROOM.bottom) / 2 * perPixel - dot(middle, up);
    const focalPoint = along(along(middle, sideways, right), upwards, up);
    const size = Math.sqrt(dot(minus(block.high, block.low), minus(block.high, block.low)));
    view().setCamera({
      position: along(focalPoint, 3 * size, near), focalPoint, viewUp: up, parallelProjection: true,
      parallelScale: box.height / 2 * perPixel, centerOfRotation: middle,
    });
  }

  function element(name, attributes, text) {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) one.setAttribute(key, attributes[key]);
    if (text !== undefined) one.textContent = text;
    return one;
  }

  const written = (number) => String(Number(number.toPrecision(4)));

  function roundStep(least) {
    const power = 10 ** Math.floor(Math.log10(least));
    return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least * 0.999);
  }

  // The ruler of the depth at the leftmost upright edge, names at the rightmost one, widths along the lowest edges.
  function label(camera, block, box) {
    const [right, up] = axesOf(camera), perPixel = 2 * camera.parallelScale / box.height;
    const seen = (point) => {
      const from = minus(point, camera.focalPoint);
      return [box.width / 2 + dot(from, right) / perPixel, box.height / 2 - dot(from, up) / perPixel];
    };
    const [low, high] = [block.low, block.high], parts = [];
    const uprights = [[low[0], low[1]], [high[0], low[1]], [low[0], high[1]], [high[0], high[1]]];
    const sorted = uprights.sort((a, b) => seen([...a, low[2]])[0] - seen([...b, low[2]])[0]);
    const length = Math.abs(seen([...sorted[0], low[2]])[1] - seen([...sorted[0], high[2]])[1]);
    if (length > SHORTEST) parts.push(...ruler(sorted[0], block, seen, length), ...names(sorted[3], block, seen));
    for (const axis of [0, 1]) parts.push(...width(axis, block, seen));
    return parts;
  }

  function ruler(edge, block, seen, length) {
    const deep = block.high[2] - block.low[2], { surface } = block, parts = [];
    const step = roundStep(Math.max(deep / 5, 20 * deep / length));
    const first = Math.max(Math.ceil((surface - block.high[2]) / step - 1e-9), 0) * step; // a vehicle lies above the skin
    for (let depth = first; depth <= (surface - block.low[2]) * (1 + 1e-9); depth += step) {
      const [x, y] = seen([...edge, surface - depth]);
      parts.push(element("polyline", { points: `${x - 6},${y} ${x},${y}` }));
      parts.push(element("text", { x: x - 9, y: y + 0.35 * text(), "text-anchor": "end" }, written(depth) + (depth ? "" : " µm")));
    }
    return parts;
  }

  function names(edge, block, seen) {
    const parts = [];
    let above = -Infinity;
    for (const [name, height] of block.names) {
      const [x, y] = seen([...edge, height]), at = Math.max(y, above + 1.3 * text());
      parts.push(element("polyline", { points: `${x + 2},${y} ${x + 10},${at} ${x + 18},${at}` }));
      parts.push(element("text", { x: x + 22, y: at + 0.35 * text() }, name));
      above = at;
    }
    return parts;
  }

  function width(axis, block, seen) {
    const other = 1 - axis, ends = [block.low[other], block.high[other]].map((side) => [block.low, block.high].map((end) => {
      const point = [0, 0, block.low[2]];
      point[axis] = end[axis];
      point[other] = side;
      return seen(point);
    }));
    const [from, to] = ends.sort((a, b) => b[0][1] + b[1][1] - a[0][1] - a[1][1])[0].sort((a, b) => a[0] - b[0]);
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < 2 * SHORTEST) return [];
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]) * 180 / Math.PI;
    const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const length = `${written(block.high[axis] - block.low[axis])} µm`;
    return [element("text", { x: 0, y: 1.4 * text(), "text-anchor": "middle", transform: `translate(${x} ${y}) rotate(${angle})` }, length)];
  }

  // Once per frame: fit the camera to a window or a way to cut that is new, and write what belongs to where it stands.
  function frame() {
    window.requestAnimationFrame(frame);
    const scene = view(), place = document.getElementById("labels");
    if (!scene || !block || !place) return;
    const box = place.getBoundingClientRect(), wanted = `${box.width} x ${box.height}, ${block.axis}`;
    let camera = scene.getCamera();
    if (fitted !== wanted && box.width > 0) {
      fit(fitted === null ? state("camera") : axesOf(camera), block, box);
      fitted = wanted;
      camera = scene.getCamera();
    }
    const now = JSON.stringify([camera, block, wanted]);
    if (now === drawn) return;
    drawn = now;
    place.replaceChildren(...label(camera, block, box));
  }

  window.mnrd = {
    reset() { fitted = null; },
    loaded() { // what is written changes with what is drawn, not before
      block = state("block");
      if (fitted) view().setCamera({ centerOfRotation: middleOf(block) }); // each scene brings one of its own
    },
  };
  window.requestAnimationFrame(frame);
})();
