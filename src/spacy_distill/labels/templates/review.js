"use strict";
// One document after the other: a person makes its annotation right. What was done is kept in this browser, and leaves it
// only by the download. Items are [first place, place after the last, label]; a place is a word of the text.
(() => {
  const { pool, task, name, marked, items: itemsName, labels, documents } = JSON.parse(document.getElementById("data").textContent);
  const spans = marked === "spans"; // Otherwise one label, or any number, for the whole document.
  const STORE = `spacy-distill review ${pool} ${task}`;
  const DONE = "done", SKIPPED = "skipped";
  const part = (id) => document.getElementById(id);
  // Control characters, and those that turn the direction of writing, are spelled out; what is downloaded has them.
  const UNSEEN = /[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
  const spelled = (char) => (char < "\xff" ? "\\x" : "\\u") + char.charCodeAt(0).toString(16).padStart(char < "\xff" ? 2 : 4, "0");
  const visible = (text) => (typeof text === "string" ? text.replace(UNSEEN, spelled) : text);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    if ("textContent" in properties) element.textContent = visible(properties.textContent);
    element.append(...children.map(visible));
    return element;
  };

  // Keys: views have digits and labels letters; without spans labels have digits first.
  const LETTERS = [..."abcdefghijklmnopqrtvwxyz", ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"]; // s skips, u undoes.
  const labelOfKey = new Map();
  for (const label of labels) {
    const wanted = spans ? [...label.name.toLowerCase(), ...LETTERS] : [..."1234567890", ...LETTERS];
    label.key = wanted.find((key) => (LETTERS.includes(key) || !spans) && !labelOfKey.has(key)) ?? "";
    if (label.key) labelOfKey.set(label.key, label.name);
  }
  const hues = new Map(labels.map((label) => [label.name, label.hue]));

  const totalWords = documents.reduce((sum, one) => sum + one.words, 0);

  // What was done: by the document's key its items and whether it is done or skipped.
  let answers = {};
  let others = {}; // What other reviews of the pool kept of other documents, or with other labels.
  let at = 0; // The document that is shown.
  let anchor = 0, focus = 0; // The selection: from one place to another.
  const history = []; // What to go back to: the document and its answer before.

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
      const byKey = new Map(documents.map((one) => [one.key, one]));
      [answers, others] = [{}, {}];
      for (const [key, one] of Object.entries(kept.answers ?? {})) (fits(byKey.get(key), one) ? answers : others)[key] = one;
      return Math.max(0, documents.findIndex((one) => one.key === kept.at));
    } catch {
      warn("This browser keeps nothing of what you do here: download before you close the page.");
      return 0;
    }
  }
  function fits(one, kept) {
    const places = spans ? one?.places.length : 1;
    return one && Array.isArray(kept?.items) && kept.items.every(([from, to, label]) => hues.has(label) && 0 <= from && from < to && to <= places);
  }
  function save() {
    try {
      localStorage.setItem(STORE, JSON.stringify({ at: documents[at].key, answers: { ...others, ...answers } }));
    } catch {
      warn("This browser has no room left to keep what you do: download before you close the page.");
    }
  }
  function warn(message) {
    part("warning").textContent = message;
    part("warning").hidden = !message;
  }

  const shown = () => documents[at];
  const answer = (one = shown()) => answers[one.key] ?? { items: one.start.items, status: "" };
  const statusOf = (one) => answer(one).status;
  const same = (a, b) => JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
  const overlap = (item, start, end) => item[0] < end && start < item[1];
  const range = () => [Math.min(anchor, focus), Math.max(anchor, focus) + 1];

  // Places of items that some view has and another has not, though it says something of them.
  const disputes = new Map();
  function disputed(one) {
    if (disputes.has(one.key)) return disputes.get(one.key);
    const places = new Set();
    const said = one.views.map((view) => [new Set(view.items.map(String)), new Set(view.missing)]);
    for (const view of one.views)
      for (const item of view.items) {
        const range = Array.from({ length: item[1] - item[0] }, (_, i) => item[0] + i);
        if (said.some(([items, missing]) => !items.has(`${item}`) && !range.some((i) => missing.has(i))))
          for (const i of range) places.add(i);
      }
    disputes.set(one.key, places);
    return places;
  }

  // Changes.
  function change(items, status) {
    const before = answers[shown().key];
    history.push({ at, before });
    answers[shown().key] = { items: [...items].sort((a, b) => a[0] - b[0]), status };
    warn("");
    save();
  }
  // What is done stays done when it is corrected.
  function edit(items) {
    change(items, statusOf(shown()) === DONE && (marked !== "one" || items.length === 1) ? DONE : "");
    render();
  }
  function giveLabel(label) {
    const { items } = answer();
    if (!spans) {
      const has = items.some((item) => item[2] === label);
      const others = marked === "one" ? [] : items.filter((item) => item[2] !== label);
      edit(has ? others : [...others, [0, 1, label]]);
      return;
    }
    let [start, end] = range();
    // Space at the ends is no part of what is labelled, and space alone is nothing to label.
    const blank = new Set(shown().blank);
    while (start < end && blank.has(start)) start += 1;
    while (start < end && blank.has(end - 1)) end -= 1;
    if (start === end) {
      warn("There is no word in the selection.");
      return;
    }
    // One word within an item stands for the whole item.
    const whole = end - start === 1 ? items.find((item) => overlap(item, start, end)) : undefined;
    const rest = items.filter((item) => !overlap(item, start, end));
    edit([...rest, whole ? [whole[0], whole[1], label] : [start, end, label]]);
  }
  function remove() {
    const [start, end] = range();
    const rest = answer().items.filter((item) => !overlap(item, start, end));
    if (rest.length < answer().items.length) edit(rest);
  }
  function takeView(number) {
    const view = shown().views[number];
    if (view) edit(view.items);
  }
  function finish(status) {
    const { items } = answer();
    if (status === DONE && marked === "one" && items.length !== 1) {
      warn("Choose a class, or skip the document.");
      return;
    }
    change(items, status);
    const order = [...documents.keys()].map((i) => (at + 1 + i) % documents.length);
    const next = order.find((i) => !statusOf(documents[i]));
    if (next === undefined) {
      render();
      warn("Every document is done or skipped. Download the result.");
    } else go(next);
  }
  function undo() {
    const last = history.pop();
    if (!last) {
      warn("There is nothing to undo since the page was opened: ↑ goes to the document before.");
      return;
    }
    const { key } = documents[last.at];
    if (last.before) answers[key] = last.before;
    else delete answers[key];
    warn("");
    if (last.at === at) {
      save();
      render();
    } else go(last.at);
  }
  function go(to) {
    if (to < 0 || to >= documents.length) return;
    at = to;
    const first = [...disputed(shown())].sort((a, b) => a - b)[0] ?? 0;
    anchor = focus = Math.min(first, Math.max(0, shown().places.length - 1));
    save();
    scrollTo(0, 0);
    render();
  }
  function move(step, extend) {
    focus = Math.max(0, Math.min(shown().places.length - 1, focus + step));
    if (!extend) anchor = focus;
    showSelection();
  }
  // To the next item, or word in dispute, that is no part of the last.
  function jump(step) {
    const [start, end] = range();
    const taken = answer().items.map(([from, to]) => [from, to]);
    const free = [...disputed(shown())].filter((i) => !taken.some(([from, to]) => from <= i && i < to));
    const stops = [...taken, ...free.map((i) => [i, i + 1])].sort((a, b) => a[0] - b[0]);
    const next = step > 0 ? stops.find((stop) => stop[0] >= end) : stops.findLast((stop) => stop[1] <= start);
    if (next) [anchor, focus] = [next[0], next[1] - 1];
    showSelection();
  }

  // What is seen.
  function highlight(one, items, missing, into, editable) {
    const text = Array.from(one.row.text); // Places count characters; JavaScript's strings count otherwise.
    const cut = (from, to) => visible(text.slice(from, to).join(""));
    if (!spans) {
      const said = items.map((item) => tag(item[2]));
      into.replaceChildren(...(editable ? [visible(one.row.text)] : said.length ? said : ["nothing"]));
      return;
    }
    const wavy = editable ? disputed(one) : new Set();
    const unknown = new Set(missing);
    const starts = new Map(items.map((item) => [item[0], item]));
    let home = into, last = null, position = 0;
    into.replaceChildren();
    one.places.forEach(([from, to], i) => {
      if (last && last[1] === i) {
        home.append(make("i", { textContent: last[2] }));
        [home, last] = [into, null];
      }
      if (position < from) home.append(cut(position, from));
      if (starts.has(i)) {
        last = starts.get(i);
        home = make("mark", { className: "ent", dir: "auto" });
        home.style.setProperty("--hue", hues.get(last[2]) ?? 0);
        into.append(home);
      }
      const classes = ["place"];
      if (wavy.has(i)) classes.push("disputed");
      if (unknown.has(i) && !last) classes.push("missing");
      const place = make("span", { className: classes.join(" "), textContent: cut(from, to) });
      place.dataset.place = i;
      home.append(place);
      position = to;
    });
    if (last) home.append(make("i", { textContent: last[2] }));
    if (position < text.length) into.append(cut(position));
  }
  function tag(label) {
    const made = make("span", { className: "tag", textContent: label });
    made.style.setProperty("--hue", hues.get(label) ?? 0);
    return made;
  }
  function showSelection() {
    if (!spans) return;
    const [start, end] = range();
    for (const place of part("text").querySelectorAll(".selected")) place.classList.remove("selected");
    const places = part("text").querySelectorAll(".place");
    for (let i = start; i < end && i < places.length; i++) places[i].classList.add("selected");
    places[focus]?.scrollIntoView({ block: "nearest" });
  }
  let viewsOf; // The document whose views are shown.
  function showViews(one, items) {
    if (viewsOf !== one)
      part("views").replaceChildren(...one.views.map((view, i) => {
        const key = spans && i < 9 ? [make("kbd", { textContent: i + 1 }), " "] : [];
        const names = make("div", { className: "names" }, ...key, view.names.join(", "));
        const said = make("div", { className: "said", dir: "auto" });
        highlight(one, view.items, view.missing, said, false);
        return make("div", { className: "panel view", onclick: () => takeView(i) }, names, said);
      }));
    viewsOf = one;
    one.views.forEach((view, i) => part("views").children[i].classList.toggle("same", same(view.items, items)));
  }
  function render() {
    const one = shown(), { items, status } = answer();
    const open = status === DONE ? [] : one.start.missing;
    highlight(one, items, open, part("text"), true);
    part("where").textContent = visible(`${at + 1} of ${documents.length} · ${one.row.id ?? ""}`);
    part("status").textContent = { [DONE]: "✓ done", [SKIPPED]: "skipped", "": open.length ? "partly missing" : "" }[status];
    part("labels").replaceChildren(...labels.map((label) => {
      const on = !spans && items.some((item) => item[2] === label.name);
      const button = make("button", { className: on ? "label on" : "label", onclick: () => giveLabel(label.name) });
      button.style.setProperty("--hue", label.hue);
      if (label.key) button.append(make("kbd", { textContent: label.key }), " ");
      button.append(make("bdi", { textContent: label.name }));
      return button;
    }));
    showSelection();
    showViews(one, items);
    const count = { [DONE]: 0, [SKIPPED]: 0, "": 0 };
    let words = 0;
    for (const other of documents) {
      count[statusOf(other)] += 1;
      if (statusOf(other)) words += other.words;
    }
    part("bar").value = count[DONE] + count[SKIPPED];
    part("progress").textContent =
      `${count[DONE]} done, ${count[SKIPPED]} skipped, of ${documents.length}; ${words} of ${totalWords} words`;
  }

  // The download: a row for each document that is done or skipped, as `import` reads it.
  function rowOf(one) {
    const { items, status } = answer(one);
    if (status === SKIPPED) return { ...one.row, answer: "ignore" };
    if (!spans) {
      const said = new Set(items.map((item) => item[2]));
      return { ...one.row, cats: Object.fromEntries(labels.map(({ name: label }) => [label, +said.has(label)])), answer: "accept" };
    }
    const found = items.map(([from, to, label]) => ({ start: one.places[from][0], end: one.places[to - 1][1], label }));
    return { ...one.row, spans: found, answer: "accept" };
  }
  function download() {
    const rows = documents.filter(statusOf).map((one) => `${JSON.stringify(rowOf(one))}\n`);
    if (!rows.length) {
      warn("Nothing is done yet: Enter accepts a document.");
      return;
    }
    const url = URL.createObjectURL(new Blob(rows, { type: "application/jsonl" }));
    make("a", { href: url, download: `${name}-reviewed.jsonl` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  // Mouse: a click or a drag selects words.
  let dragged = false;
  const placeOf = (event) => event.target.closest?.("#text .place")?.dataset.place;
  part("text").addEventListener("pointerdown", (event) => {
    if (placeOf(event) === undefined) return;
    anchor = focus = +placeOf(event);
    dragged = true;
    showSelection();
  });
  part("text").addEventListener("pointerover", (event) => {
    if (!dragged || placeOf(event) === undefined || focus === +placeOf(event)) return;
    focus = +placeOf(event);
    showSelection();
  });
  addEventListener("pointerup", () => (dragged = false));

  // Keys.
  const commands = {
    Enter: ["accept, and go on", () => finish(DONE)],
    s: ["skip: no gold", () => finish(SKIPPED)],
    u: ["undo", undo],
    ArrowDown: ["next", () => go(at + 1)],
    ArrowUp: ["previous", () => go(at - 1)],
  };
  const marks = {
    ".": [`to the next of ${itemsName} and words in dispute`, () => jump(1)],
    ",": ["to the one before", () => jump(-1)],
    Home: ["to the first word", (event) => move(-Infinity, event.shiftKey)],
    End: ["to the last word", (event) => move(Infinity, event.shiftKey)],
    Backspace: [`remove ${itemsName} at the selection`, remove],
    Delete: ["", remove],
  };
  if (spans) Object.assign(commands, marks);
  // What a key means: its letter, whatever Caps Lock says; on keyboards of other scripts what is printed there on a US one.
  function keyOf({ key, code, shiftKey }) {
    const printed = /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? { Period: ".", Comma: "," }[code];
    const meant = key.length === 1 && !/[a-z0-9.,]/i.test(key) && printed ? printed : key;
    return meant.length > 1 ? meant : shiftKey ? meant.toUpperCase() : meant.toLowerCase();
  }
  addEventListener("keydown", (event) => {
    if (event.altKey) return;
    const key = keyOf(event);
    // A key that is held down accepts nothing that was not seen.
    if (event.repeat && (key === "Enter" || key === "s")) {
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      const command = { z: undo, s: download }[key.toLowerCase()];
      if (command) command();
      else return;
    } else if (spans && (key === "ArrowRight" || key === "ArrowLeft")) {
      // In a text from right to left the next word is on the left.
      const forward = (key === "ArrowRight") === (getComputedStyle(part("text")).direction === "ltr");
      move(forward ? 1 : -1, event.shiftKey);
    } else if (commands[key]) commands[key][1](event);
    else if (spans && /^[1-9]$/.test(key)) takeView(key - 1);
    else if (labelOfKey.has(key)) giveLabel(labelOfKey.get(key));
    else return;
    event.preventDefault();
  });
  // Buttons take no focus: Enter and letters are for the document.
  addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault());
  for (const [id, key] of [["accept", "Enter"], ["skip", "s"], ["undo", "u"], ["previous", "ArrowUp"], ["next", "ArrowDown"]])
    part(id).onclick = commands[key][1];
  part("download").onclick = download;
  // The page may be open twice.
  addEventListener("storage", (event) => {
    if (event.key === STORE) {
      load();
      render();
    }
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      load();
      render();
    }
  });

  const arrows = { ArrowDown: "↓", ArrowUp: "↑" };
  const lines = Object.entries(commands).filter(([, [meaning]]) => meaning).map(([key, [meaning]]) => [arrows[key] ?? key, meaning]);
  if (spans) lines.push(["← →", "to another word"], ["Shift", "with ← → Home End: select words; or drag with the mouse"], ["1 … 9", "take what a view says"]);
  lines.push([spans ? "a letter" : "1 2 3 …", spans ? "label the selection, or change the label there" : "choose a class"], ["Ctrl Z", "undo"], ["Ctrl S", "download"]);
  part("help").replaceChildren(...lines.map(([key, meaning]) => make("div", {}, make("kbd", { textContent: key }), ` ${meaning}`)));
  if (spans) part("help").append(
    make("div", {}, make("span", { className: "missing", textContent: "text" }), " is missing: what you leave without a label is gold without one"));
  part("text").classList.toggle("whole", !spans);
  go(load());
})();
