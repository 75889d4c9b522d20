// The sentences on a sphere, to turn with pointer or keys; a point under the pointer tells its sentence and subject.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

function decodePoints(base64) {
  const raw = atob(base64), points = new Float32Array(raw.length / 2);
  for (let i = 0; i < points.length; i++) points[i] = half(raw.charCodeAt(2 * i) | (raw.charCodeAt(2 * i + 1) << 8));
  return points;
}

class Sphere {
  constructor(canvas, hover) {
    this.canvas = canvas;
    this.hover = hover;
    this.at = 0;
    this.seen = [];
    this.wire();
  }

  update(data) {
    const first = this.data === undefined;
    this.data = data;
    this.points = decodePoints(data.sphere.points);
    if (first) this.face();
  }

  face() {
    const n = this.data.sphere.texts.length, mean = [0, 0, 0];
    for (let i = 0; i < n * 3; i++) mean[i % 3] += this.points[i] / n;
    const [x, y, z] = mean; // of the raw model: its cone starts towards the viewer, a little to the side
    this.turn = { yaw: Math.atan2(x, y) + 0.5, pitch: Math.atan2(z, Math.hypot(x, y)) - 0.3 };
  }

  wire() {
    const { canvas } = this;
    canvas.onpointerdown = (event) => { this.held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); };
    canvas.onpointerup = canvas.onpointercancel = () => { this.held = null; };
    canvas.onpointermove = (event) => this.held ? this.drag(event) : this.point(event);
    canvas.onpointerleave = () => this.name(undefined);
    canvas.onkeydown = (event) => {
      const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
      if (!(event.key in turns)) return;
      event.preventDefault();
      this.rotate(...turns[event.key]);
    };
  }

  drag(event) {
    this.rotate((event.clientX - this.held[0]) / 120, (event.clientY - this.held[1]) / 120);
    this.held = [event.clientX, event.clientY];
  }

  rotate(yaw, pitch) {
    this.turn.yaw += yaw;
    this.turn.pitch = Math.max(-1.5, Math.min(1.5, this.turn.pitch + pitch));
    this.draw();
  }

  project() {
    const { points, turn } = this, n = this.data.sphere.texts.length, low = Math.floor(this.at), share = this.at - low;
    const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)];
    return this.data.sphere.texts.map((_, i) => {
      const p = [0, 1, 2].map((k) => {
        const a = points[(low * n + i) * 3 + k];
        return share ? a * (1 - share) + points[((low + 1) * n + i) * 3 + k] * share : a;
      });
      const length = Math.hypot(...p) || 1;
      return this.spin(p.map((v) => v / length), cy, sy, cp, sp);
    });
  }

  spin([x, y, z], cy, sy, cp, sp) {
    const a = x * cy - y * sy, b = x * sy + y * cy;
    return [a, -(z * cp - b * sp), b * cp + z * sp];
  }

  /** The sentences at a saved step, or between two. */
  draw(at = this.at) {
    this.at = at;
    const { canvas } = this, { width, height } = canvas.getBoundingClientRect(), { theme, labels, sphere } = this.data;
    if (!width) return;
    const dense = window.devicePixelRatio || 1, pen = canvas.getContext("2d"), radius = Math.min(width, height) / 2 - 8;
    canvas.width = width * dense;
    canvas.height = height * dense;
    pen.setTransform(dense, 0, 0, dense, (width / 2) * dense, (height / 2) * dense);
    this.globe(pen, radius, theme.grid);
    this.seen = this.project().map(([x, y, depth], i) => [x * radius, y * radius, depth, i]).sort((a, b) => a[2] - b[2]);
    for (const [x, y, depth, i] of this.seen) {
      const topic = sphere.subjects[i] === this.topic;
      pen.globalAlpha = depth < 0 ? 0.3 : 0.9;
      pen.fillStyle = topic ? theme.positive : this.at === 0 ? theme.before : theme.after;
      pen.beginPath();
      pen.arc(x, y, (topic ? 4.6 : 2.7) + 0.9 * depth, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    canvas.setAttribute("aria-label", labels.sphere_alt);
  }

  globe(pen, radius, colour) {
    const { yaw, pitch } = this.turn, turned = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.arc(0, 0, radius, 0, 7);
    const rings = [(c, s) => [c, s, 0], (c, s) => [c, 0, s], (c, s) => [0, c, s]];
    for (const ring of rings) {
      for (let i = 0; i <= 60; i++) {
        const angle = (i / 60) * 2 * Math.PI, [x, y] = this.spin(ring(Math.cos(angle), Math.sin(angle)), ...turned);
        pen[i ? "lineTo" : "moveTo"](x * radius, y * radius);
      }
    }
    pen.stroke();
  }

  point(event) {
    const frame = this.canvas.getBoundingClientRect(), x = event.clientX - frame.left - frame.width / 2, y = event.clientY - frame.top - frame.height / 2;
    const near = this.seen.filter(([a, b, depth]) => depth > 0 && Math.hypot(a - x, b - y) < 9).at(-1);
    this.name(near?.[3]);
  }

  name(index) {
    const { texts, subjects } = this.data.sphere, topic = index === undefined ? undefined : subjects[index];
    this.hover.textContent = topic === undefined ? "" : `${topic}: ${texts[index]}`;
    if (topic === this.topic) return;
    this.topic = topic;
    this.draw();
  }
}
