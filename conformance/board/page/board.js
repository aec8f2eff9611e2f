// The page's script. The stream tells what has changed; it is taken into `known` as it comes, and drawn once a frame.
// Whatever came from the network becomes text nodes, never markup.

const labels = await (await fetch("labels.json")).json();
const byId = (id) => document.getElementById(id);

const SHOWN = 60; // conversations
const LINES = 400; // of the one that is followed
const AGAIN = 2000; // milliseconds until the board is asked again
const SAID_EVERY = 10000; // milliseconds: a screen reader is told no more often what has happened

// Languages, light and dark -------------------------------------------------------------------------------------------

const t = (key) => labels[key][language];
const number = (value, digits = 0) => value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const clock = (at, options) => new Date(at * 1000).toLocaleTimeString(language, { hour12: false, ...options });

function translate() {
  document.documentElement.lang = language;
  document.title = t("board");
  for (const element of all("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of all("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  const button = byId("language");
  button.lang = language === "fr" ? "en" : "fr";
  button.textContent = { en: "English", fr: "Français" }[button.lang];
  byId("pause").textContent = t(paused ? "go_on" : "pause");
  drawn.clear();
  for (const id of ["servers", "talks", "troubles", "rooms"]) byId(id).replaceChildren();
  clearLines();
}

byId("language").addEventListener("click", () => {
  language = language === "fr" ? "en" : "fr";
  remember("conformance-language", language);
  translate();
  draw();
});

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const theme = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  setTheme(theme === "dark" ? "light" : "dark");
  remember("conformance-theme", root.dataset.theme);
});

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

// Building ------------------------------------------------------------------------------------------------------------

// Sentences of the taps put names between backticks, and are in English.
function prose(tag, text, options) {
  const parts = text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? make("code", null, visible(part)) : visible(part)));
  return make(tag, { lang: "en", ...options }, ...parts);
}

// What a list has to show, by keys: what is there already is changed in place and moved only where it must be, so that
// focus, selection and what was folded open stay.
const drawn = new Map();

function fill(list, entries, build) {
  const active = document.activeElement;
  const had = list.contains(active);
  const wanted = new Set(entries.map(([key]) => key));
  for (const child of [...list.children]) {
    if (!wanted.has(child.dataset.key)) {
      child.remove();
      drawn.delete(`${list.id}/${child.dataset.key}`);
    }
  }
  let place = list.firstElementChild;
  for (const [key, state] of entries) {
    const whole = `${list.id}/${key}`;
    const before = drawn.get(whole);
    let element = before?.element;
    if (!before || before.state !== state) {
      const built = build(state);
      built.dataset.key = key;
      if (element) become(element, built);
      else element = built;
      drawn.set(whole, { element, state });
    }
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  if (had && active !== document.activeElement && list.contains(active)) active.focus({ preventScroll: true });
}

function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((child, index) => (before[index] ? become(before[index], child) : old.append(child)));
  for (const child of before.slice(after.length)) child.remove();
}

// What is known -------------------------------------------------------------------------------------------------------

const MESSAGES = 200;
const known = { servers: [], connections: new Map(), messages: [], troubles: [] };
let shown = known; // in a pause, what was known when it began
let paused = false;
let answers = null; // not yet
let messagesCame = 0;
let chosen = null; // the server that alone is shown

function take(told) {
  if (told.anew) {
    known.connections.clear();
    known.messages = [];
  }
  known.servers = told.servers;
  known.now = told.now;
  for (const key of told.gone) known.connections.delete(key);
  for (const connection of told.connections) {
    if (!known.connections.has(connection.key)) news.connections += told.anew ? 0 : 1;
    known.connections.set(connection.key, connection);
  }
  for (const message of told.messages) known.messages.push({ ...message, key: ++messagesCame });
  for (const server of known.servers.keys()) {
    const mine = known.messages.filter((message) => message.server === server);
    if (mine.length > MESSAGES) {
      const old = new Set(mine.slice(0, -MESSAGES));
      known.messages = known.messages.filter((message) => !old.has(message));
    }
  }
  if (told.troubles) {
    const before = new Set(known.troubles.map((trouble) => trouble.id));
    known.troubles = told.troubles;
    if (!told.anew) for (const trouble of known.troubles) if (!before.has(trouble.id)) news.troubles.add(headline(trouble));
  }
}

function listen(address, take, onGone) {
  let source, timer;
  const open = () => {
    source = new EventSource(address);
    source.onmessage = (event) => {
      answers = true;
      take(JSON.parse(event.data));
      drawSoon();
    };
    source.addEventListener("gone", () => { source.close(); onGone?.(); drawSoon(); });
    source.onerror = () => {
      answers = false;
      drawSoon();
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN);
    };
  };
  open();
  return () => { source.close(); clearTimeout(timer); };
}

let due = false;

function drawSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  shown = paused ? { ...known, connections: new Map(known.connections) } : known;
  if (followed) followed.shown = paused ? { ...followed, lines: [...followed.lines] } : followed;
  byId("pause").textContent = t(paused ? "go_on" : "pause");
  draw();
});

// Drawing -------------------------------------------------------------------------------------------------------------

function draw() {
  const state = answers === null ? "begins" : !answers ? "lost" : paused ? "paused" : "live";
  byId("pulse").dataset.state = state;
  byId("pulse-text").textContent = t(state) + (answers && shown.now ? ` · ${clock(shown.now)}` : "");
  if (!shown.servers.length) return;
  if (followed) {
    drawFollowed();
    return;
  }
  fill(byId("servers"), shown.servers.map((server, index) => [String(index), { ...server, index }]), drawServer);
  drawTalks();
  drawTroubles();
  drawRooms();
}

const serverName = (index) => shown.servers[index].name;
const only = (entries) => (chosen === null ? entries : entries.filter((entry) => entry.server === chosen));

function drawServer(server) {
  const button = make("button", { type: "button", "aria-pressed": String(chosen === server.index), title: t("only") }, visible(server.name));
  button.addEventListener("click", () => {
    chosen = chosen === server.index ? null : server.index;
    draw();
  });
  const figure = (value, label) => make("p", { class: value ? null : "none" }, make("b", null, number(value, value && value < 10 && value % 1 ? 1 : 0)), label);
  const state = server.state === "quiet" ? t("quiet") : `${t(server.state)} ${clock(server.since, { hour: "2-digit", minute: "2-digit" })}`;
  const symbol = { quiet: "○", reached: "●", refused: "✗" }[server.state];
  const why = server.why ? prose("span", server.why, { class: "why" }) : null;
  return make("li", { class: `server ${server.state}${chosen === server.index ? " chosen" : ""}` },
    make("h3", null, button),
    make("p", { class: "where" }, `${t("port")} `, make("b", null, String(server.port)), ` · `, visible(server.protocol)),
    make("p", { class: `state ${server.state}` }, make("span", { "aria-hidden": "true" }, `${symbol} `), state, why),
    make("div", { class: "figures" },
      figure(server.open, t(server.open === 1 ? "connected_one" : "connected")),
      figure(server.rate, `${t(server.what)}${t("a_second")}`)),
    spark(server.seconds),
    make("p", { class: "so-far" }, `${number(server.total)} ${t(server.what)} · ${number(server.came)} ${t(server.came === 1 ? "client_came" : "clients_came")}`));
}

function spark(seconds) {
  const most = Math.max(...seconds, 4);
  const bars = seconds.map((count, index) => (count ? `M${index * 4} 30v${-Math.max(2, (28 * count) / most).toFixed(1)}h3V30z` : ""));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ class: "spark", viewBox: "0 0 240 30", preserveAspectRatio: "none", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", `M0 29.5h240v.5H0z${bars.join("")}`);
  svg.append(path);
  return svg;
}

const isOver = (connection) => connection.state !== "open";

function drawTalks() {
  const mine = only([...shown.connections.values()]);
  mine.sort((one, other) => isOver(one) - isOver(other) || other.since - one.since);
  const first = mine.slice(0, SHOWN);
  byId("nobody").hidden = mine.length > 0;
  byId("more").hidden = mine.length === first.length;
  byId("more").textContent = `${number(mine.length - first.length)} ${t("more")}`;
  fill(byId("talks"), first.map((connection) => [connection.key, connection]), drawTalk);
}

function stateOf(connection) {
  const label = connection.state === "refused" ? "turned_away" : connection.state;
  return `${t(label)} ${clock(connection.until || connection.since)}`;
}

function drawTalk(connection) {
  const classes = `talk${isOver(connection) ? " over" : ""}${connection.wrong ? " wrong" : ""}`;
  const flag = connection.wrong
    ? prose("p", connection.wrong, { class: "flag clip" })
    : connection.waits ? prose("p", `… ${connection.waits}`, { class: "flag soft clip" }) : null;
  return make("li", { class: classes },
    make("h3", null, make("a", { href: `#follow/${connection.key}` }, visible(connection.client)),
      make("small", null, " → ", visible(serverName(connection.server)), ` #${connection.number}`)),
    make("p", { class: "card-state" }, stateOf(connection)),
    connection.tail.length ? make("p", { class: "tail" }, ...connection.tail.flatMap((field) => [tailField(field), " "])) : null,
    flag);
}

const shownValue = (field) => (["UTF", "char"].includes(field.type) ? `“${field.value}”` : field.value);

function tailField(field) {
  const way = field.sender === "client" ? "→" : "←";
  return make("span", { class: `from-${field.sender}${field.wrong ? " bad" : ""}` }, `${way} `, visible(field.field), " ", make("b", null, visible(shownValue(field))));
}

// A mistake has a title; whatever else goes wrong, a sentence.
const headline = (trouble) => String(trouble.title || trouble.problem || trouble.sentence || trouble.event);

function drawTroubles() {
  byId("no-troubles").hidden = shown.troubles.length > 0;
  const list = byId("troubles");
  const before = all("details", list);
  fill(list, shown.troubles.map((trouble) => [trouble.id, trouble]), drawTrouble);
  // Somebody may be explaining the one that is open: a new one opens by itself where none is.
  const newest = all("details", list).find((details) => !before.includes(details));
  if (newest && !list.querySelector("details[open]")) newest.open = true;
}

function drawTrouble(trouble) {
  const side = trouble.side || trouble.sender;
  const whose = side ? ` · ${t(`of_the_${side}`)}` : "";
  const who = make("p", { class: "card-state" }, visible(serverName(trouble.server)), whose, " · ");
  trouble.connections.forEach((each, index) => who.append(index ? " " : "", make("a", { href: `#follow/${trouble.server}/${each}` }, `#${each}`)));
  if (trouble.times > 1) who.append(` · ${number(trouble.times)} ${t("times")}`);
  who.append(` · ${clock(trouble.at)}`);
  const heading = prose("h3", headline(trouble));
  if (trouble.guess) heading.append(` (${t("guess")})`);
  const described = trouble.description ? prose("p", trouble.description) : null;
  const more = trouble.title ? make("details", { name: "mend" }, make("summary", null, t("mend")), ...remedies(trouble)) : null;
  return make("li", { class: `trouble${trouble.event === "stall" ? " soft" : ""}` }, heading, who, described, more);
}

const remedies = (mistake) => [
  mistake.detail ? prose("p", mistake.detail) : null,
  ...["python", "java"].filter((key) => mistake[key]).map((key) =>
    make("p", null, make("b", null, t(`in_${key}`)), language === "fr" ? "\u00a0: " : ": ", prose("span", mistake[key]))),
];

function drawRooms() {
  const rooms = only(shown.servers.map((server, index) => ({ ...server, server: index })).filter((server) => server.room));
  fill(byId("rooms"), rooms.map((room) => [String(room.server), room.name]), (name) =>
    make("section", { class: "room", "aria-label": `${t("room")} ${name}` },
      make("h2", null, `${t("room")} · `, visible(name)), make("p", { class: "about" }, t("no_messages")), make("ol", { tabindex: "0", "aria-label": `${t("room")} ${name}` })));
  for (const room of rooms) {
    const section = byId("rooms").children[rooms.indexOf(room)];
    const list = section.querySelector("ol");
    list.id = `room-${room.server}`;
    const messages = shown.messages.filter((message) => message.server === room.server);
    section.querySelector(".about").hidden = messages.length > 0;
    list.hidden = messages.length === 0;
    atTheEnd(list, () => fill(list, messages.map((message) => [String(message.key), message]), (message) =>
      make("li", null, make("time", null, clock(message.at)), " ", make("b", null, visible(message.author)), " ", make("span", { class: "said" }, visible(message.text)))));
  }
}

// A list that was scrolled to its end stays there while it grows.
function atTheEnd(list, change) {
  const there = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  change();
  if (there) list.scrollTop = list.scrollHeight;
}

// One connection ------------------------------------------------------------------------------------------------------

let followed = null; // its lines are numbered: `first` is the number of the first that is known
let stopFollowing = () => {};
const drawnLines = { from: 0, to: 0 };

function route(moveFocus) {
  stopFollowing();
  stopFollowing = () => {};
  const key = location.hash.match(/^#follow\/(\d+\/\d+)$/)?.[1];
  const before = followed?.key;
  followed = key ? { key, lines: [], first: 0, leftOut: false, gone: false } : null;
  clearLines();
  for (const id of ["servers-part", "overview"]) byId(id).hidden = Boolean(key);
  byId("follow").hidden = !key;
  if (key) {
    byId("follow-title").textContent = t("connection");
    byId("follow-state").textContent = "";
    byId("save-json").href = `connections/${key}.json`;
    byId("save-pcapng").href = `connections/${key}.pcapng`;
    const mine = followed;
    mine.shown = mine;
    stopFollowing = listen(`connections/${key}/lines`, (told) => takeLines(mine, told), () => { mine.gone = true; });
    scrollTo(0, 0);
    if (moveFocus) byId("follow-title").focus({ preventScroll: true });
  } else if (before) {
    draw();
    if (moveFocus) all("#talks a").find((link) => link.hash === `#follow/${before}`)?.focus();
  }
  drawSoon();
}

function takeLines(mine, told) {
  if (told.anew) {
    mine.first += mine.lines.length;
    mine.lines = [];
  }
  mine.leftOut ||= told.left_out > 0;
  mine.connection = told.connection;
  mine.lines.push(...told.lines);
  const over = mine.lines.length - LINES;
  if (over > 0) {
    mine.lines.splice(0, over);
    mine.first += over;
    mine.leftOut = true;
  }
  // In a pause one sees what was there when one came.
  if (paused && mine.shown === mine) mine.shown = { ...mine, lines: [...mine.lines] };
}

function clearLines() {
  byId("lines").replaceChildren();
  drawnLines.from = drawnLines.to = 0;
}

function drawFollowed() {
  const { connection, lines, first, leftOut } = followed.shown;
  byId("left-out").hidden = !leftOut;
  if (connection) byId("follow-title").replaceChildren(visible(connection.client), " → ", visible(serverName(connection.server)), ` #${connection.number}`);
  byId("follow-state").textContent = followed.gone ? t("fell_off") : connection ? stateOf(connection) : "";
  const list = byId("lines");
  atTheEnd(list, () => {
    for (; drawnLines.from < Math.min(first, drawnLines.to); drawnLines.from++) list.firstElementChild.remove();
    if (drawnLines.to < first) drawnLines.from = drawnLines.to = first;
    list.append(...lines.slice(drawnLines.to - first).map(drawLine));
    drawnLines.to = first + lines.length;
  });
}

function drawLine(line) {
  const time = make("time", null, clock(line.at, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 }));
  const what = make("div", { class: "what" });
  let classes = `line by-${line.sender}`;
  if (line.event === "field") {
    const cut = line.characters ? ` … (${number(line.characters)} ${t("characters")})` : "";
    what.append(make("p", { class: "name" }, make("span", { class: "unseen" }, `${t(line.sender)}: `), visible(line.field), " = ", make("b", null, visible(shownValue(line)), cut)),
      make("p", null, make("span", { class: "type" }, visible(line.type)), "  ", hex(line)));
  } else if (line.event === "bytes") {
    what.append(make("p", null, `${number(line.size)} ${t("bytes")} `, hex(line)));
  } else {
    classes = `line note ${line.event}`;
    const does = { opened: "connects", end: "ends", reset: "resets", refused: "refuses" }[line.event];
    const who = { opened: "client", refused: "server" }[line.event] || line.sender;
    what.append(does
      ? make("p", null, `${t(`the_${who}`)} ${t(does)}`, line.why ? prose("span", ` (${line.why})`) : null)
      : prose("p", headline(line), { class: line.event === "stall" || line.event === "elided" ? null : "wrong" }));
    if (line.title) what.append(prose("p", line.description), ...remedies(line).filter(Boolean));
  }
  if (line.problem && (line.event === "field" || line.event === "refused")) {
    classes += " bad";
    what.append(prose("p", line.problem, { class: "wrong" }));
  }
  return make("li", { class: classes }, time, what);
}

function hex(line) {
  const shown = line.bytes.slice(0, 96).toUpperCase().match(/../g) || [];
  return make("span", { class: "hex" }, shown.join(" ") + (line.size > shown.length ? " …" : ""));
}

addEventListener("hashchange", () => route(true));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && followed) location.hash = "";
});

// What a screen reader is told: seldom, and in one breath -------------------------------------------------------------

const news = { connections: 0, troubles: new Set() };

setInterval(() => {
  const parts = [];
  if (news.connections) parts.push(`${number(news.connections)} ${t(news.connections === 1 ? "new_connection" : "new_connections")}`);
  if (news.troubles.size) parts.push(`${t("new_troubles")} ${[...news.troubles].slice(0, 3).join("; ")}`);
  news.connections = 0;
  news.troubles.clear();
  if (parts.length && !paused) byId("said").replaceChildren(visible(parts.join(". ")));
}, SAID_EVERY);

// Beginning -----------------------------------------------------------------------------------------------------------

setTheme(remembered("conformance-theme"));
translate();
route(false);
listen("changes", take);
