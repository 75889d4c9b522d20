// Shared by the components with things to pull: put in front of their own script by pages/ui/browser.py.
// Points are pulled by pointer, finger or keys, drawn once a frame, and told to Python on release only.
const SETTLE = 300; // ms without a key before Python hears of it
const QUIET = 600; // ms without a change before a screen reader hears of it
const CAPTURE = { ArrowLeft: 1, ArrowRight: 1, ArrowUp: 1, ArrowDown: 1, Home: 1, End: 1, PageUp: 1, PageDown: 1 };
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const toRadians = (degrees) => (degrees * Math.PI) / 180;
const toDegrees = (radians) => (radians * 180) / Math.PI;
const wrapDegrees = (degrees) => degrees >= -180 && degrees < 180 ? degrees : ((((degrees + 180) % 360) + 360) % 360) - 180;
const tidyDegrees = (degrees, grain) => wrapDegrees(toStep(wrapDegrees(degrees), grain)); // in [-180, 180)
const toStep = (value, step) => step < 1 ? Math.round(value / step) / Math.round(1 / step) : Math.round(value / step) * step; // 0.3, not 0.30000000000000004

/** A function that draws at the next frame, once, however often it is asked. */
function oncePerFrame(draw) {
  let asked = 0;
  const ask = () => { asked ||= requestAnimationFrame(() => { asked = 0; draw(); }); };
  ask.stop = () => { cancelAnimationFrame(asked); asked = 0; };
  return ask;
}

/** Does something once, when it has not been asked again for `pause` ms. */
function atRest(act, pause = QUIET) {
  let timer = 0;
  const ask = (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), pause); };
  ask.stop = () => clearTimeout(timer);
  return ask;
}

/** Speaks through an element with aria-live, after the numbers have come to rest. */
const spoken = (element, pause = QUIET) => atRest((text) => { if (element.textContent !== text) element.textContent = text; }, pause);

/**
 * One text that browser and Python both hold: the state as it stands in the address. The newest hand wins:
 * an echo of what was told never turns the picture back, a reset or another scene does.
 */
class Agreement {
  constructor(send) {
    this.send = send;
    this.told = []; // sent, not yet echoed
    this.timer = 0;
  }

  /** Whether `text`, which Python holds now, is news to adopt. */
  hear(text) {
    const echo = this.told.indexOf(text);
    if (echo >= 0) {
      this.told.splice(0, echo + 1);
      this.known = text;
      return false;
    }
    if (text === this.known) return false;
    clearTimeout(this.timer);
    this.told = [];
    this.known = text;
    return true;
  }

  /** Send `text` after `pause` ms, unless something newer comes or it is known already. */
  tell(text, pause = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (text === (this.told.at(-1) ?? this.known)) return;
      this.told.push(text);
      this.send(text);
    }, pause);
  }

  stop() { clearTimeout(this.timer); }
}

/**
 * Where a point may go: on a circle around the origin, its value the angle in degrees, anticlockwise from the
 * right. Left and right keys turn it; up and down bring it nearer to `home()` or away; Home and End put it there
 * and opposite; with Shift a tenth of a step.
 */
const circleRail = ({ step = 1, big = 15, grain = 0.1, home = () => 90 } = {}) => ({
  at: (angle) => [Math.cos(toRadians(angle)), Math.sin(toRadians(angle))],
  nearest: ([x, y]) => tidyDegrees(toDegrees(Math.atan2(y, x)), grain),
  key(angle, key, fine) {
    const away = wrapDegrees(angle - home()) < 0 ? -1 : 1, size = fine ? step / 10 : step;
    const turns = { ArrowLeft: size, ArrowRight: -size, ArrowUp: -away * size, ArrowDown: away * size, PageUp: -away * big, PageDown: away * big };
    if (key === "Home") return wrapDegrees(home());
    if (key === "End") return wrapDegrees(home() + 180);
    return tidyDegrees(angle + turns[key], grain);
  },
});

/** Where a point may go: anywhere in a box, its value [x, y]. Page keys move it up and down by more. */
const boxRail = ({ low = [-1, -1], high = [1, 1], step = 0.05, big = 0.25, grain = 0.01, home = () => [0, 0] } = {}) => ({
  at: (point) => point,
  nearest: (point) => point.map((value, k) => clamp(toStep(value, grain), low[k], high[k])),
  key(point, key, fine) {
    const size = fine ? step / 5 : step;
    const moves = { ArrowLeft: [-size, 0], ArrowRight: [size, 0], ArrowUp: [0, size], ArrowDown: [0, -size], PageUp: [0, big], PageDown: [0, -big] };
    if (key === "Home" || key === "End") return home();
    return this.nearest(point.map((value, k) => value + moves[key][k]));
  },
});

/** The grips of one SVG. `draw()` is called once a frame after a change, `done(pause)` once after a release. */
class Board {
  constructor(svg, { draw, done }) {
    this.svg = svg;
    this.done = done;
    this.grips = [];
    this.unnamed = true; // some grip has not been announced yet
    this.redraw = oncePerFrame(() => { draw(); this.describe(); });
  }

  /**
   * Make `element` of the SVG a slider. `hand` = { rail, get(), set(value), say() }, where say() returns
   * { label, text, now, min, max } for a screen reader.
   */
  grip(element, hand) {
    element.setAttribute("role", "slider");
    element.setAttribute("tabindex", "0");
    // a finger on a grip does not scroll the page; touch-action alone does not hold on the shapes of an SVG
    element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    this.grips.push({ element, hand });
    this.unnamed = true;
    this.followPointer(element, hand);
    this.followKeys(element, (key, fine) => hand.set(hand.rail.key(hand.get(), key, fine)));
  }

  /** Make an input of type range a slider of a logarithm. `hand` = { low, high, get(), set(value), say() }. */
  logSlider(input, hand) {
    const [low, high] = [Math.log10(hand.low), Math.log10(hand.high)], grain = 0.001; // in powers of ten
    Object.assign(input, { min: low, max: high, step: "any" });
    const put = (power) => hand.set(clamp(10 ** toStep(clamp(power, low, high), grain), hand.low, hand.high));
    const steps = { ArrowRight: 0.02, ArrowUp: 0.02, ArrowLeft: -0.02, ArrowDown: -0.02, PageUp: 0.2, PageDown: -0.2, Home: -99, End: 99 };
    input.oninput = () => { put(Number(input.value)); this.redraw(); };
    input.onchange = () => this.done(0);
    this.grips.push({ element: input, hand, follow: () => { input.value = Math.log10(hand.get()); } });
    this.followKeys(input, (key, fine) => put(Math.log10(hand.get()) + steps[key] / (fine ? 10 : 1)));
  }

  followPointer(element, hand) {
    let grab = null;
    element.onpointerdown = (event) => {
      const matrix = this.svg.getScreenCTM().inverse();
      const under = (e) => { const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(matrix); return [p.x, -p.y]; };
      const [x, y] = under(event), [px, py] = hand.rail.at(hand.get());
      grab = { under, shift: [px - x, py - y], moved: false };
      element.setPointerCapture(event.pointerId);
      element.classList.add("held");
      element.focus({ preventScroll: true });
      event.preventDefault();
    };
    element.onpointermove = (event) => {
      if (!grab) return;
      const [x, y] = grab.under(event);
      grab.moved = true;
      hand.set(hand.rail.nearest([x + grab.shift[0], y + grab.shift[1]]));
      this.redraw();
    };
    element.onpointerup = element.onpointercancel = () => {
      if (grab?.moved) this.done(0);
      grab = null;
      element.classList.remove("held");
    };
  }

  followKeys(element, move) {
    element.onkeydown = (event) => {
      if (!CAPTURE[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      move(event.key, event.shiftKey);
      this.redraw();
    };
    element.onkeyup = (event) => { if (CAPTURE[event.key]) this.done(SETTLE); };
  }

  /** Tell a screen reader: the focused grip at once, the others when things have come to rest. */
  describe() {
    const focused = this.svg.getRootNode().activeElement, all = this.unnamed;
    for (const { element, hand, follow } of this.grips) {
      follow?.();
      if (all || element === focused) announce(element, hand.say());
    }
    this.unnamed = false;
    clearTimeout(this.later);
    this.later = setTimeout(() => { for (const { element, hand } of this.grips) announce(element, hand.say()); }, QUIET / 2);
  }

  /** Forget every grip whose element is gone, before others are made. */
  clear() { this.grips = this.grips.filter(({ element }) => element.isConnected); }

  stop() {
    this.redraw.stop();
    clearTimeout(this.later);
  }
}

function announce(element, { label, text, now, min, max }) {
  const said = { "aria-label": label, "aria-valuetext": text, "aria-valuenow": now, "aria-valuemin": min, "aria-valuemax": max };
  for (const [name, value] of Object.entries(said)) if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
