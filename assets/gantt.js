/* Draws the Gantt and lets the reader move through it. Python decides what is drawn and says all
 * words; this script turns seconds into pixels, a few paths for all bars, and asks for another
 * window when the reader pans, zooms or filters. The address holds all of it.
 *
 * Marks: [layer, row, start, length, flags, ref, lane, lanes]; several thin bars as one:
 * [layer, row, start, length, flags, how many, per cent filled].
 */
(() => {
  "use strict";

  const LAYERS = ["baseline", "actual", "forecast", "whisker", "slip", "milestone", "released"];
  const LATE = 1, CRITICAL = 2, DONE = 4, GROUP = 8;
  const FIELDS = ["by", "sort", "area", "late", "q", "order", "chain"];
  const ROW_PX = { order: 34, center: 46, unit: 40 };
  const SHORTEST_S = 900, LONGEST_S = 700 * 86400;
  const REST_MS = 250; // the address follows when the reader rests
  const GIVEN_UP_MS = 4000;
  const SVG = "http://www.w3.org/2000/svg";

  const node = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (parent) parent.appendChild(made);
    return made;
  };
  const element = (name, css, text) => {
    const made = document.createElement(name);
    made.className = css;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const box = (x, y, w, h) =>
    `M${x.toFixed(1)} ${y.toFixed(1)}h${w.toFixed(1)}v${h}h${(-w).toFixed(1)}z`;
  const diamond = (x, y, r) => `M${x.toFixed(1)} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`;
  const isoMinute = (s) => new Date(Math.round(s / 60) * 60000).toISOString().slice(0, 16) + "Z";

  /* What is looked at: the address in numbers. */
  class View {
    constructor(search) {
      const given = new URLSearchParams(search);
      this.kept = [...given].filter(([name]) =>
        ![...FIELDS, "from", "to", "rows"].includes(name));
      for (const name of FIELDS) this[name] = given.get(name) || "";
      this.first = Number(given.get("rows")) || 0;
      this.fixed = given.has("from") || given.has("to"); // else it follows now
      this.start = this.finish = 0;
    }

    search() {
      const made = new URLSearchParams(this.kept);
      for (const name of FIELDS) if (this[name]) made.set(name, this[name]);
      if (this.first) made.set("rows", this.first);
      if (this.fixed) {
        made.set("from", isoMinute(this.start));
        made.set("to", isoMinute(this.finish));
      }
      const words = made.toString();
      return words && "?" + words;
    }
  }

  class Gantt {
    constructor(root) {
      this.root = root;
      const find = (css) => root.querySelector(css);
      this.plot = find(".mp-gantt-plot");
      this.axis = find(".mp-gantt-axis");
      this.names = find(".mp-gantt-names");
      this.card = document.getElementById("gantt-card");
      this.source = document.getElementById("gantt-drawing");
      this.chart = document.getElementById("gantt-chart");
      this.view = new View(location.search);
      this.svg = node("svg", { class: "mp-gantt-svg", "aria-hidden": "true" });
      this.axisSvg = node("svg", { class: "mp-gantt-axis-svg" });
      this.plot.replaceChildren(this.svg);
      this.axis.replaceChildren(this.axisSvg);
      this.wishes = 0;
      this.pending = 0;
      this.listen();
      this.take();
    }

    get rowPx() { return ROW_PX[this.view.by || "order"] || ROW_PX.order; }
    get width() { return this.plot.clientWidth || 1; }
    get span() { return this.view.finish - this.view.start; }
    x(at) { return ((at + this.drawing.start - this.view.start) / this.span) * this.width; }

    /* A drawing has come. */
    take() {
      const text = this.source.dataset.drawing;
      if (!text || text === this.text) return;
      this.text = text;
      this.drawing = JSON.parse(text);
      const { start, finish, wanted } = this.drawing;
      if (!this.view.fixed || !this.view.finish) {
        this.view.start = start;
        this.view.finish = start + (wanted || finish);
      }
      this.root.dataset.drawn = this.drawing.drawn;
      this.sort();
      this.label();
      this.say();
      this.paint();
      this.answered();
    }

    answered() {
      this.root.dataset.marks = this.drawing.marks.length;
      const open = this.pending;
      this.pending = 0;
      if (open && this.asked !== this.view.search()) this.ask();
      else if (open) this.root.dataset.settled = String(this.wishes);
    }

    /* Marks by row, so that what is pointed at is found at once. */
    sort() {
      this.byRow = this.drawing.rows.map(() => []);
      for (const mark of this.drawing.marks) if (this.byRow[mark[1]]) this.byRow[mark[1]].push(mark);
    }

    /* Geometry of a mark within its row: top and height. */
    place(mark) {
      const top = mark[1] * this.rowPx, tall = this.rowPx - 20;
      if (LAYERS[mark[0]] === "baseline") return [top + this.rowPx - 9, 3];
      if (LAYERS[mark[0]] === "released") return [top + this.rowPx - 5, 2];
      const lanes = mark.length > 7 ? mark[7] : 1;
      const each = tall / lanes;
      return [top + 7 + each * (lanes > 1 ? mark[6] : 0), Math.max(2, each - (lanes > 1 ? 1.5 : 0))];
    }

    paint() {
      this.painting = false;
      const paths = new Map();
      const draw = (css, d) => paths.set(css, (paths.get(css) || "") + d);
      const { width } = this, tall = this.drawing.rows.length * this.rowPx;
      const height = Math.max(tall, this.room());
      this.backdrop(draw, width, height);
      for (const mark of this.drawing.marks) this.mark(draw, mark, width);
      this.arrows(draw);
      const now = this.x(this.drawing.now);
      if (now >= 0 && now <= width) draw("now", `M${now.toFixed(1)} 0v${height}`);
      this.svg.setAttribute("width", width);
      this.svg.setAttribute("height", height);
      this.svg.replaceChildren(this.patterns(), ...[...ORDER].filter((css) => paths.has(css))
        .map((css) => node("path", { class: "g-" + css, d: paths.get(css) })));
      this.scale(now, width);
      this.outline();
    }

    soon() {
      if (this.painting) return;
      this.painting = true;
      requestAnimationFrame(() => this.paint());
    }

    backdrop(draw, width, height) {
      const perDay = (86400 / this.span) * width;
      if (perDay > 12) {
        for (const [from, to] of this.drawing.off) {
          const a = Math.max(0, this.x(from)), b = Math.min(width, this.x(to));
          if (b > a) draw("off", box(a, 0, b - a, height));
        }
      }
      for (const [at, , major] of this.drawing.ticks) {
        const x = this.x(at);
        if (x > 0 && x < width) draw(major ? "grid-major" : "grid", `M${x.toFixed(1)} 0v${height}`);
      }
      this.drawing.rows.forEach((row, place) => {
        const y = (place + 1) * this.rowPx - 0.5;
        draw("rule", `M0 ${y}h${width}`);
        if (row.chosen) draw("chosen", box(0, y - this.rowPx + 1, width, this.rowPx - 1));
      });
    }

    mark(draw, mark, width) {
      const [layer, , start, length, flags] = mark;
      const name = LAYERS[layer];
      const a = this.x(start), b = this.x(start + length);
      if (b < -8 || a > width + 8) return;
      const [y, h] = this.place(mark);
      const late = flags & LATE ? "-late" : "";
      if (name === "milestone") return draw((flags & DONE ? "filled" : "hollow") + late, diamond(a, y + h / 2, 6.5));
      if (name === "slip") {
        draw("slip", `M${a.toFixed(1)} ${y + h / 2}H${b.toFixed(1)}`);
        return draw("planned", diamond(a, y + h / 2, 4.5));
      }
      const from = Math.max(-20, a), w = Math.max(1.2, Math.min(b, width + 20) - from);
      if (flags & GROUP) {
        const level = mark[6] > 66 ? 3 : mark[6] > 33 ? 2 : 1;
        return draw(name === "whisker" ? "whisker" : `${name}-some${level}`,
          name === "whisker" ? `M${from.toFixed(1)} ${y + h / 2}h${w.toFixed(1)}` : box(from, y, w, h));
      }
      if (name === "whisker") {
        return draw("whisker" + late, `M${from.toFixed(1)} ${y + h / 2}H${b.toFixed(1)}m0 -4v8`);
      }
      const over = name === "actual" && !(flags & DONE) ? "-open" : "";
      draw(name + (name === "actual" || name === "forecast" ? over + late : ""), box(from, y, w, h));
      if (flags & CRITICAL && name !== "baseline") draw("critical" + late, box(from + 0.5, y + 0.5, Math.max(0.5, w - 1), h - 1));
    }

    arrows(draw) {
      for (const [end, before, begin, after, shared] of this.drawing.chain) {
        const half = this.rowPx / 2 - 3;
        const x1 = this.x(end), y1 = before * this.rowPx + half;
        const x2 = this.x(begin), y2 = after * this.rowPx + half;
        const bend = before === after ? `H${x2.toFixed(1)}` : `h4V${y2}H${x2.toFixed(1)}`;
        draw(shared ? "link-shared" : "link", `M${x1.toFixed(1)} ${y1}${bend}`);
      }
    }

    patterns() {
      const defs = node("defs", {});
      for (const css of ["forecast", "forecast-late"]) {
        const pattern = node("pattern", {
          id: "g-hatch-" + css, width: 5, height: 5, patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)",
        }, defs);
        node("rect", { class: "g-hatch-ground " + css, width: 5, height: 5 }, pattern);
        node("rect", { class: "g-hatch-line " + css, width: 2, height: 5 }, pattern);
      }
      return defs;
    }

    /* The scale above: days or months, below them hours or days, and now. */
    scale(now, width) {
      const parts = [];
      const text = (css, x, y, words) => {
        const made = node("text", { class: css, x: x.toFixed(1), y });
        made.textContent = words;
        parts.push(made);
      };
      const majors = this.drawing.ticks.filter((tick) => tick[2]);
      majors.forEach(([at, words], place) => {
        const next = majors[place + 1];
        const end = next ? this.x(next[0]) : width + 200;
        const x = Math.min(Math.max(this.x(at) + 6, 8), end - words.length * 7.5 - 8);
        if (end > 8 && x > -40 && x < width - 20) text("g-major", x, 18, words);
      });
      for (const [at, words, major] of this.drawing.ticks) {
        const x = this.x(at);
        if (!major && x > 14 && x < width - 14) text("g-minor", x, 38, words);
      }
      if (now >= 0 && now <= width) {
        const words = this.chart.dataset.now, half = 9 + words.length * 4;
        parts.push(node("rect", { class: "g-now-chip", x: now - half, y: 26, width: 2 * half, height: 17, rx: 8.5 }));
        text("g-now-word", now, 38, words);
      }
      this.axisSvg.setAttribute("width", width);
      this.axisSvg.replaceChildren(...parts);
    }

    /* Names of the rows. */
    label() {
      const told = JSON.stringify([this.drawing.rows, this.rowPx]);
      if (told === this.told) return;
      this.told = told;
      this.names.style.setProperty("--row", this.rowPx + "px");
      this.names.replaceChildren(...this.drawing.rows.map((row) => this.name(row)));
    }

    name(row) {
      const made = element("div", `mp-gantt-name ${row.css}${row.chosen ? " mp-chosen" : ""}`);
      made.setAttribute("role", "listitem");
      if (row.css) made.append(element("span", "mp-shape"));
      const title = element(row.href ? "a" : "span", "mp-gantt-title", row.title);
      if (row.href) title.href = row.href;
      made.append(title, element("span", "mp-gantt-words", row.words));
      if (row.said) made.append(element("span", "mp-gantt-said", row.said));
      if (row.href) {
        const choose = element("button", "mp-gantt-choose");
        choose.type = "button";
        choose.value = choose.dataset.order = row.title; // whose it is, also to assets/hands.js
        choose.title = this.chart.dataset.choose;
        choose.setAttribute("aria-label", `${this.chart.dataset.choose}: ${row.title}`);
        choose.setAttribute("aria-pressed", String(row.chosen));
        made.append(choose);
      }
      return made;
    }

    say() {
      const put = (css, words) => { this.root.querySelector(css).textContent = words; };
      put(".mp-gantt-note", this.drawing.note);
      put(".mp-gantt-count", this.drawing.count);
      const chosen = this.root.querySelector(".mp-gantt-chosen");
      chosen.hidden = !this.drawing.chosen;
      put(".mp-gantt-chosen-words", this.drawing.chosen);
      this.root.querySelector(".mp-gantt-open").href = this.orderHref(this.view.order);
      this.press();
    }

    press() {
      const hours = Math.round(this.span / 3600);
      for (const button of this.root.querySelectorAll("[aria-pressed][data-gantt]")) {
        const { gantt: name, value } = button.dataset;
        const now = name === "span" ? String(hours) : name === "by" ? this.view.by || "order" : this.view[name];
        button.setAttribute("aria-pressed", String(now === value));
      }
    }

    orderHref(order) {
      const staying = new URLSearchParams(this.view.kept.filter(([name]) => name === "site" || name === "at"));
      const query = staying.toString();
      return "/orders/" + encodeURIComponent(order) + (query && "?" + query);
    }

    /* Moving */

    pan(share) { this.window(this.view.start + share * this.span, this.view.finish + share * this.span); }

    zoom(factor, at = 0.5) {
      const span = Math.min(LONGEST_S, Math.max(SHORTEST_S, this.span * factor));
      const hold = this.view.start + at * this.span;
      this.window(hold - at * span, hold + (1 - at) * span);
    }

    window(start, finish) {
      Object.assign(this.view, { start, finish, fixed: true });
      this.movedAt = performance.now();
      this.soon();
      this.press();
      this.ask();
      this.rest();
    }

    toNow() {
      const now = this.drawing.start + this.drawing.now, { span } = this;
      this.window(now - span / 4, now + (span * 3) / 4);
    }

    turn(rows) {
      const most = Math.max(0, this.drawing.total - 1);
      const first = Math.max(0, Math.min(most, this.view.first + rows));
      if (first === this.view.first) return;
      if (rows > 0 && this.view.first + this.drawing.rows.length >= this.drawing.total) return;
      this.view.first = first;
      this.ask();
      this.rest();
    }

    set(name, value) {
      const now = name === "by" ? this.view.by || "order" : this.view[name];
      const toggles = name === "late" || name === "chain";
      this.view[name] = toggles && now === value ? "" : value;
      if (name === "order") this.view.chain = "";
      if (name === "order" && value && this.view.by !== "unit") this.view.by = "";
      if (name !== "order") this.view.first = 0;
      this.press();
      this.measure();
      this.ask();
      this.rest();
    }

    /* Asks for what is looked at; one question at a time, the newest wins. */
    ask() {
      const now = performance.now();
      if (this.pending && now - this.pending < GIVEN_UP_MS) return;
      this.pending = now;
      this.wishes += 1;
      this.asked = this.view.search();
      const data = { path: location.pathname, search: this.asked, wish: this.wishes };
      window.dash_clientside.set_props("gantt-live", { data });
      setTimeout(() => {
        if (this.pending !== now) return;
        this.pending = 0;
        this.root.dataset.settled = String(this.wishes);
        if (this.asked !== this.view.search()) this.ask();
      }, GIVEN_UP_MS);
    }

    rest() {
      clearTimeout(this.resting);
      this.resting = setTimeout(() => {
        const search = this.view.search();
        if (search === location.search) return;
        history.replaceState(history.state, "", location.pathname + search);
        this.relink(search);
      }, REST_MS);
    }

    /* Links of the header to this page, in another language, theme or file, keep the view. */
    relink(search) {
      const own = new URLSearchParams(search);
      for (const link of document.querySelectorAll(".mp-tools a")) {
        const address = new URL(link.href);
        if (address.pathname !== location.pathname && !address.pathname.startsWith("/export/gantt")) continue;
        for (const name of [...FIELDS, "from", "to", "rows"]) {
          if (own.has(name)) address.searchParams.set(name, own.get(name));
          else address.searchParams.delete(name);
        }
        link.href = address.pathname + address.search;
      }
    }

    room() {
      const top = this.plot.getBoundingClientRect().top + window.scrollY;
      return Math.max(6 * this.rowPx, window.innerHeight - top - 64);
    }

    /* How much room there is; when it has changed the drawing is asked for anew. */
    measure() {
      const size = { width: this.width, rows: Math.floor(this.room() / this.rowPx) };
      const known = this.size || { width: 1100, rows: 22 };
      const other = Math.abs(size.width - known.width) > 0.04 * known.width || size.rows !== known.rows;
      if (!other) return false;
      this.size = size;
      window.dash_clientside.set_props("gantt-size", { data: size });
      return true;
    }

    /* Pointing */

    hit(event) {
      const bounds = this.plot.getBoundingClientRect();
      const x = event.clientX - bounds.left, y = event.clientY - bounds.top;
      const marks = this.byRow[Math.floor(y / this.rowPx)] || [];
      let best = null, least = 7;
      for (const mark of marks) {
        if (mark[4] & GROUP) continue;
        const a = this.x(mark[2]), b = this.x(mark[2] + mark[3]);
        const away = Math.max(0, a - x, x - b);
        const [top, tall] = this.place(mark);
        const beside = mark.length > 7 && (y < top - 1 || y > top + tall + 1) ? 5 : 0;
        const score = away + beside + (LAYERS[mark[0]] === "baseline" ? 1.5 : 0);
        if (score < least) [best, least] = [mark, score];
      }
      return best;
    }

    point(event) {
      const mark = this.hit(event);
      this.plot.classList.toggle("mp-over", Boolean(mark));
      const ref = mark && mark[5];
      if (mark) this.stand(event);
      if (ref === this.ref) return;
      this.ref = ref;
      this.over = mark;
      this.outline();
      clearTimeout(this.hovering);
      if (!mark) return this.hush();
      this.hovering = setTimeout(() => this.tell(mark), 70);
    }

    tell(mark) {
      const [order, operation] = this.drawing.refs[mark[5]];
      this.card.classList.remove("mp-on");
      const data = { search: location.search, order, operation, at: performance.now() };
      window.dash_clientside.set_props("gantt-hover", { data });
    }

    stand(event) {
      this.at = [event.clientX, event.clientY];
      this.position();
    }

    position() {
      if (!this.at) return;
      const [x, y] = this.at, { offsetWidth: w, offsetHeight: h } = this.card;
      const left = x + 16 + w > window.innerWidth ? x - w - 12 : x + 16;
      const top = y + 18 + h > window.innerHeight ? y - h - 12 : y + 18;
      this.card.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
    }

    show() {
      if (this.ref === undefined || this.ref === null || !this.card.childElementCount) return;
      this.position();
      this.card.classList.add("mp-on");
    }

    hush() {
      this.ref = this.over = null;
      this.card.classList.remove("mp-on");
      this.outline();
    }

    outline() {
      this.svg.querySelector(".g-over")?.remove();
      const mark = this.over;
      if (!mark || !this.drawing.marks.includes(mark) || LAYERS[mark[0]] === "milestone") return;
      const a = this.x(mark[2]), b = this.x(mark[2] + mark[3]);
      const [y, h] = this.place(mark);
      node("path", { class: "g-over", d: box(a - 1.5, y - 1.5, Math.max(1, b - a) + 3, h + 3) }, this.svg);
    }

    /* Hands */

    listen() {
      const on = (target, names, handler, options) => {
        for (const name of names.split(" ")) target.addEventListener(name, handler, options);
      };
      on(this.plot, "pointerdown", (event) => this.grab(event));
      on(this.plot, "pointermove", (event) => this.move(event));
      on(this.plot, "pointerup pointercancel", (event) => this.release(event));
      on(this.plot, "pointerleave", () => { clearTimeout(this.hovering); this.hush(); });
      on(this.chart, "wheel", (event) => this.wheel(event), { passive: false });
      on(this.root, "click", (event) => this.press_(event));
      on(this.root, "change", (event) => {
        const field = event.target.closest("select[data-gantt]");
        if (field) this.set(field.dataset.gantt, field.value === "risk" ? "" : field.value);
      });
      on(this.root, "input", (event) => {
        if (!event.target.closest(".mp-gantt-search")) return;
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.set("q", event.target.value.trim()), 200);
      });
      this.drawn = new MutationObserver(() => this.take());
      this.drawn.observe(this.source, { attributes: true, attributeFilter: ["data-drawing"] });
      this.carded = new MutationObserver(() => this.show());
      this.carded.observe(this.card, { childList: true, subtree: true, characterData: true });
      this.sized = new ResizeObserver(() => { this.soon(); if (this.measure()) this.ask(); });
      this.sized.observe(this.plot);
    }

    grab(event) {
      if (event.button) return;
      this.plot.setPointerCapture(event.pointerId);
      this.held = { x: event.clientX, start: this.view.start, finish: this.view.finish, moved: false };
    }

    move(event) {
      if (!this.held) return this.point(event);
      const shift = event.clientX - this.held.x;
      if (!this.held.moved && Math.abs(shift) < 4) return;
      this.held.moved = true;
      this.hush();
      this.plot.classList.add("mp-held");
      const seconds = (shift / this.width) * (this.held.finish - this.held.start);
      this.window(this.held.start - seconds, this.held.finish - seconds);
    }

    release(event) {
      const { held } = this;
      this.held = null;
      this.plot.classList.remove("mp-held");
      const mark = held && !held.moved && event.type === "pointerup" && this.hit(event);
      if (!mark) return;
      const address = this.orderHref(this.drawing.refs[mark[5]][0]);
      if (event.ctrlKey || event.metaKey) return void window.open(address, "_blank");
      history.pushState({}, "", address);
      window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    }

    wheel(event) {
      const bounds = this.plot.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const at = Math.min(1, Math.max(0, (event.clientX - bounds.left) / this.width));
        return this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), at);
      }
      const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        event.preventDefault();
        return this.pan(across / this.width);
      }
      if (this.drawing.total <= this.drawing.rows.length && !this.view.first) return;
      event.preventDefault();
      this.wheeled = (this.wheeled || 0) + event.deltaY;
      const rows = Math.trunc(this.wheeled / this.rowPx);
      if (rows) {
        this.wheeled -= rows * this.rowPx;
        this.turn(rows);
      }
    }

    press_(event) {
      const button = event.target.closest("button");
      if (!button) return;
      const { move, gantt: name, value, order } = button.dataset;
      if (order !== undefined) return this.set("order", this.view.order === order ? "" : order);
      if (move) return this.go(move);
      if (name === "span") return this.stretch(Number(value));
      if (name) this.set(name, name === "by" && value === "order" ? "" : value);
    }

    /* Another length of the window: now stays where it is when it is in sight. */
    stretch(hours) {
      const at = (this.drawing.start + this.drawing.now - this.view.start) / this.span;
      this.zoom((hours * 3600) / this.span, at > 0 && at < 1 ? at : 0.5);
    }

    go(move) {
      const page = Math.max(1, this.drawing.rows.length - 1);
      const moves = {
        earlier: () => this.pan(-0.25), later: () => this.pan(0.25),
        in: () => this.zoom(1 / 1.5), out: () => this.zoom(1.5), now: () => this.toNow(),
        up: () => this.turn(-page), down: () => this.turn(page),
        above: () => this.turn(-1), below: () => this.turn(1),
      };
      moves[move]();
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const field = event.target.closest?.("input, select, textarea, [contenteditable]");
      if (event.key === "Escape") {
        if (field) field.blur();
        else if (this.view.order) this.set("order", "");
        return;
      }
      if (field) return;
      const moves = {
        ArrowLeft: "earlier", ArrowRight: "later", ArrowUp: "above", ArrowDown: "below",
        "+": "in", "=": "in", "-": "out", _: "out", Home: "now", PageUp: "up", PageDown: "down",
      };
      if (event.key === "/") this.root.querySelector(".mp-gantt-search input").focus();
      else if (moves[event.key]) this.go(moves[event.key]);
      else return;
      event.preventDefault();
    }

    close() {
      this.drawn.disconnect();
      this.carded.disconnect();
      this.sized.disconnect();
      clearTimeout(this.resting);
    }
  }

  /* What is drawn first lies lowest. */
  const ORDER = [
    "off", "grid", "grid-major", "rule", "chosen",
    "baseline-some1", "baseline-some2", "baseline-some3", "baseline", "released",
    "whisker", "whisker-late", "actual-some1", "actual-some2", "actual-some3", "forecast-some1", "forecast-some2", "forecast-some3",
    "forecast", "forecast-late", "actual", "actual-open", "actual-late",
    "actual-open-late", "critical", "critical-late", "link", "link-shared", "now", "slip", "planned",
    "hollow", "filled", "hollow-late", "filled-late",
  ];

  let gantt = null;
  document.addEventListener("keydown", (event) => {
    if (gantt && gantt.root.isConnected) gantt.key(event);
  });
  window.addEventListener("resize", () => {
    if (gantt && gantt.root.isConnected && gantt.measure()) gantt.ask();
  });
  const look = () => {
    const root = document.getElementById("gantt");
    if (gantt && gantt.root !== root) {
      gantt.close();
      gantt = null;
    }
    if (root && !gantt) gantt = new Gantt(root);
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
