// The page's script. The stream tells what has changed; it is taken into `known` as it comes, and drawn once a frame.
// Whatever came from the network becomes text nodes, never markup.

const texts = await (await fetch("labels.json")).json();
const byId = (id) => document.getElementById(id);

const SHOWN = 60; // conversations
const LINES = 400; // of the one that is followed
const AGAIN = 2000; // milliseconds until the board is asked again
const SAID_EVERY = 10000; // milliseconds: a screen reader is told what has happened no more often

// Languages, light and dark -------------------------------------------------------------------------------------------

function t(id, values = {}) {
  let text = texts[language][id];
  if (Array.isArray(text)) text = text[new Intl.PluralRules(language).select(values.count) === "one" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

const number = (value, digits = 0) => value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const clock = (at, options) => new Date(at * 1000).toLocaleTimeString(language, { hour12: false, ...options });

function translate() {
  document.documentElement.lang = language;
  document.title = t("title");
  for (const element of all("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of all("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  const button = byId("language");
  button.lang = language === "fr" ? "en" : "fr";
  button.textContent = { en: "English", fr: "Français" }[button.lang];
  byId("pause").textContent = t(paused ? "go-on" : "pause");
  drawn.clear();
  for (const id of ["servers", "conversations", "problems", "chats"]) byId(id).replaceChildren();
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

// Sentences have names between backticks.
function prose(tag, text, options) {
  const parts = text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? make("code", null, visible(part)) : visible(part)));
  return make(tag, options, ...parts);
}

// What the board tells in each language.
const inLanguage = (text) => text[language];

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
const known = { servers: [], connections: new Map(), messages: [], problems: [] };
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
  if (told.problems) {
    const before = new Map(known.problems.map((problem) => [problem.id, problem]));
    const changed = new Map(told.problems.changed.map((problem) => [problem.id, problem]));
    known.problems = told.problems.ids.map((id) => changed.get(id) || before.get(id));
    if (!told.anew) for (const problem of known.problems) if (!before.has(problem.id)) news.problems.push(problem);
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
  byId("pause").textContent = t(paused ? "go-on" : "pause");
  draw();
});

// Drawing -------------------------------------------------------------------------------------------------------------

function draw() {
  const state = answers === null ? "begins" : !answers ? "lost" : paused ? "paused" : "live";
  byId("pulse").dataset.state = state;
  byId("pulse-text").textContent = t(`pulse.${state}`) + (answers && shown.now ? ` · ${clock(shown.now)}` : "");
  if (!shown.servers.length) return;
  if (followed) {
    drawFollowed();
    return;
  }
  fill(byId("servers"), shown.servers.map((server, index) => [String(index), { ...server, index }]), drawServer);
  drawConversations();
  drawProblems();
  drawChats();
}

const serverName = (index) => shown.servers[index].name;
const only = (entries) => (chosen === null ? entries : entries.filter((entry) => entry.server === chosen));

function drawServer(server) {
  const button = make("button", { type: "button", "aria-pressed": String(chosen === server.index), title: t("only") }, visible(server.name));
  button.addEventListener("click", () => {
    chosen = chosen === server.index ? null : server.index;
    draw();
  });
  const figure = (name, value, label) => make("p", { class: value ? null : "none", "data-figure": name }, make("b", null, number(value, value && value < 10 && value % 1 ? 1 : 0)), label);
  const state = t(`server.${server.state}`, { time: server.since && clock(server.since, { hour: "2-digit", minute: "2-digit" }) });
  const symbol = { quiet: "○", reached: "●", refused: "✗", lost: "✗" }[server.state];
  const reason = server.reason ? make("span", { class: "reason" }, visible(inLanguage(server.reason))) : null;
  return make("li", { class: `server ${server.state}${chosen === server.index ? " chosen" : ""}`, "data-name": server.name, "data-state": server.state, "data-total": server.total, "data-came": server.came },
    make("h3", null, button),
    make("p", { class: "where" }, `${t("port")} `, make("b", null, String(server.port)), ` · `, visible(server.protocol)),
    make("p", { class: `state ${server.state}` }, make("span", { "aria-hidden": "true" }, `${symbol} `), state, reason),
    make("div", { class: "figures" }, figure("open", server.open, t("connected", { count: server.open })), figure("rate", server.rate, t(`rate.${server.what}`))),
    spark(server.seconds),
    make("p", { class: "so-far" }, `${t(`count.${server.what}`, { count: server.total })} · ${t("clients", { count: server.came })}`,
      server.missed ? make("b", { class: "missed" }, ` · ${t("missed", { count: server.missed })}`) : null));
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

function drawConversations() {
  const mine = only([...shown.connections.values()]);
  mine.sort((one, other) => isOver(one) - isOver(other) || other.since - one.since);
  const first = mine.slice(0, SHOWN);
  byId("nobody").hidden = mine.length > 0;
  byId("more").hidden = mine.length === first.length;
  byId("more").textContent = t("more", { count: mine.length - first.length });
  byId("more").dataset.count = mine.length - first.length;
  fill(byId("conversations"), first.map((connection) => [connection.key, connection]), drawConversation);
}

const stateOf = (connection) => t(`state.${connection.state}`, { time: clock(connection.until || connection.since) });

function drawConversation(connection) {
  const { wrong, waits } = connection;
  const flag = wrong
    ? prose("p", inLanguage(wrong.text), { class: "flag clip", "data-code": wrong.code })
    : waits ? prose("p", `… ${inLanguage(waits.text)}`, { class: "flag soft clip", "data-code": waits.code }) : null;
  return make("li", { class: `conversation${isOver(connection) ? " over" : ""}${wrong ? " wrong" : ""}`, "data-state": connection.state, "data-server": serverName(connection.server) },
    make("h3", null, make("a", { href: `#follow/${connection.key}` }, visible(connection.client)),
      make("small", null, " → ", visible(serverName(connection.server)), ` #${connection.number}`)),
    make("p", { class: "card-state" }, stateOf(connection)),
    connection.tail.length ? make("p", { class: "tail" }, ...connection.tail.flatMap((field) => [tailField(field), " "])) : null,
    flag);
}

function shownValue(field) {
  if (field.type === "bytes") return t("bytes", { count: Number(field.value) });
  return ["UTF", "char"].includes(field.type) ? t("text-value", { value: field.value }) : field.value;
}

function tailField(field) {
  const way = field.side === "client" ? "→" : "←";
  return make("span", { class: `from-${field.side}${field.code ? " bad" : ""}`, "data-code": field.code }, `${way} `, visible(field.field), " ", make("b", null, visible(shownValue(field))));
}

function drawProblems() {
  byId("no-problems").hidden = shown.problems.length > 0;
  const list = byId("problems");
  const before = all("details", list);
  fill(list, shown.problems.map((problem) => [problem.id, problem]), drawProblem);
  // Somebody may be explaining the one that is open: a new one opens by itself where none is.
  const newest = all("details", list).find((details) => !before.includes(details));
  if (newest && !list.querySelector("details[open]")) newest.open = true;
}

function drawProblem(problem) {
  const { side } = problem.where;
  const who = make("p", { class: "card-state" }, visible(serverName(problem.server)), side ? ` · ${t(`of.${side}`)}` : "", " · ");
  problem.connections.forEach((each, index) => who.append(index ? " " : "", make("a", { href: `#follow/${problem.server}/${each}` }, `#${each}`)));
  if (problem.times > 1) who.append(` · ${t("times", { count: problem.times })}`);
  who.append(` · ${clock(problem.at)}`);
  const heading = prose("h3", inLanguage(problem.text));
  if (problem.guess) heading.append(` (${t("guess")})`);
  const more = problem.lines ? make("details", { name: "remedy" }, make("summary", null, t("remedy")), ...paragraphs(problem)) : null;
  return make("li", { class: `problem${problem.event === "stalled" ? " soft" : ""}`, "data-event": problem.event, "data-code": problem.code, "data-side": side, "data-server": serverName(problem.server) },
    heading, who, problem.description ? prose("p", inLanguage(problem.description)) : null, more);
}

const paragraphs = (diagnosis) => inLanguage(diagnosis.lines).map((text) => prose("p", text));

function drawChats() {
  const chats = only(shown.servers.map((server, index) => ({ ...server, server: index })).filter((server) => server.chat));
  fill(byId("chats"), chats.map((chat) => [String(chat.server), chat.name]), (name) =>
    make("section", { class: "chat", "aria-label": t("chat", { name }), "data-name": name },
      make("h2", null, visible(t("chat", { name }))), make("p", { class: "about" }, t("no-messages")), make("ol", { tabindex: "0", "aria-label": t("chat", { name }) })));
  for (const chat of chats) {
    const section = byId("chats").children[chats.indexOf(chat)];
    const list = section.querySelector("ol");
    list.id = `chat-${chat.server}`;
    const messages = shown.messages.filter((message) => message.server === chat.server);
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
    if (moveFocus) all("#conversations a").find((link) => link.hash === `#follow/${before}`)?.focus();
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
  byId("follow-state").textContent = followed.gone ? t("forgotten") : connection ? stateOf(connection) : "";
  byId("follow-state").dataset.state = followed.gone ? "forgotten" : connection ? connection.state : "";
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
  const { event, problem, diagnosis } = line;
  let classes = `line by-${line.side}`;
  if (event === "field") {
    const cut = line.characters ? ` … ${t("characters", { count: line.characters })}` : "";
    what.append(make("p", { class: "name" }, make("span", { class: "unseen" }, `${t(line.side)}${language === "fr" ? " :" : ":"} `), visible(line.field), " = ", make("b", null, visible(shownValue(line)), cut)),
      make("p", null, make("span", { class: "type" }, visible(line.type)), "  ", hex(line)));
  } else if (event === "bytes") {
    what.append(make("p", null, `${t("bytes", { count: line.size })} `, hex(line)));
  } else {
    classes = `line note ${event}`;
    const does = { opened: "line.opened", end: `line.end.${line.side}`, reset: `line.reset.${line.side}` }[event];
    if (does) what.append(make("p", null, t(does), line.reason ? visible(` (${inLanguage(line.reason)})`) : null));
    if (diagnosis) what.append(prose("p", inLanguage(diagnosis.text), { class: "wrong" }), prose("p", inLanguage(diagnosis.description)), ...paragraphs(diagnosis));
  }
  if (problem) {
    const soft = event === "stalled" || event === "elided";
    if (!soft) classes += " bad";
    what.append(prose("p", inLanguage(problem.text), { class: soft ? null : "wrong" }));
  }
  return make("li", { class: classes, "data-event": event, "data-side": line.side, "data-field": line.field, "data-code": problem?.code || diagnosis?.code }, time, what);
}

function hex(line) {
  const shown = line.bytes.toUpperCase().match(/../g) || [];
  return make("span", { class: "hex" }, shown.join(" ") + (line.size > shown.length ? " …" : ""));
}

addEventListener("hashchange", () => route(true));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && followed) location.hash = "";
});

// What a screen reader is told: seldom, and all at once ---------------------------------------------------------------

const news = { connections: 0, problems: [] };

setInterval(() => {
  const parts = [];
  if (news.connections) parts.push(t("new-connections", { count: news.connections }));
  const problems = [...new Set(news.problems.map((problem) => inLanguage(problem.text)))];
  if (problems.length) parts.push(t("new-problems", { count: problems.length, problems: problems.slice(0, 3).join(language === "fr" ? " ; " : "; ") }));
  news.connections = 0;
  news.problems = [];
  if (parts.length && !paused) byId("said").replaceChildren(visible(parts.join(". ")));
}, SAID_EVERY);

// Beginning -----------------------------------------------------------------------------------------------------------

setTheme(remembered("conformance-theme"));
translate();
route(false);
listen("changes", take);
