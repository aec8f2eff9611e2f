// The page's script: languages, the filter, and a conversation drawn when it is opened.
// Whatever came from a program becomes text nodes, never markup.

const labels = JSON.parse(document.getElementById("labels").textContent);
const overview = document.getElementById("overview");
const opened = document.getElementById("opened");

// Languages -----------------------------------------------------------------------------------------------------------

// A text that has forms for a number is a list of them: French has its plural from 2 on, English for all but 1.
function t(key, values = {}) {
  let text = labels[language][key];
  if (Array.isArray(text)) text = text[(language === "fr" ? values.count > 1 : values.count !== 1) ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
}

const decimal = (number) =>
  number.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false });

function translate() {
  document.documentElement.lang = language;
  for (const element of all("[data-t]")) element.textContent = t(element.dataset.t, { count: Number(element.dataset.count) });
  for (const element of all("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  const button = document.getElementById("language");
  button.lang = language === "fr" ? "en" : "fr";
  button.textContent = { en: "English", fr: "Français" }[button.lang];
  all(".fold-all").forEach(nameTheFold);
  sayHowMany();
  nameThePage();
}

document.getElementById("language").addEventListener("click", () => {
  language = language === "fr" ? "en" : "fr";
  remember("conformance-language", language);
  if (!opened.hidden) route(false);
  translate();
});

document.getElementById("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(dark ? "light" : "dark");
  remember("conformance-theme", dark ? "light" : "dark");
});

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

const isOpen = (button) => button.getAttribute("aria-expanded") === "true";

// Building ------------------------------------------------------------------------------------------------------------

// Sentences of the harness put names between backticks.
function prose(text) {
  const fragment = document.createDocumentFragment();
  text.split(/`([^`]+)`/).forEach((part, index) => fragment.append(index % 2 ? make("code", null, visible(part)) : visible(part)));
  return fragment;
}

const colon = () => (language === "fr" ? " : " : ": ");
const told = (tag, texts, options) => make(tag, options, prose(texts[language])); // a sentence that came in every language
const said = (tag, text, options) => make(tag, { lang: "en", ...options }, visible(String(text)));
const unseen = (text) => make("span", { class: "unseen" }, text);
const bytesOf = (hex) => hex.match(/../g) || [];

// What the page carries -----------------------------------------------------------------------------------------------

const carried = (kind) => all(`script.${kind}`).find((element) => element.dataset.place === location.hash);

async function unpacked(element) {
  const packed = Uint8Array.from(atob(element.textContent.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function download(kind, label, suffix, name, path) {
  const element = carried(kind);
  if (!element) {
    return path ? make("p", { class: "elsewhere" }, `${label}${colon()}${t("too-large")} `, make("a", { href: path }, visible(readable(path)))) : null;
  }
  const button = make("button", { type: "button", "data-download": kind }, `↓ ${label}`);
  button.addEventListener("click", async () => {
    const address = URL.createObjectURL(new Blob([await unpacked(element)], { type: "application/octet-stream" }));
    make("a", { href: address, download: name.replace(/[^\w.-]+/g, "_") + suffix }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  });
  return button;
}

// The way to a conversation and back ----------------------------------------------------------------------------------

let cameFrom = null;

async function route(moveFocus = true) {
  const place = location.hash;
  if (!/^#(cell|case)\//.test(place)) {
    const wasOpen = !opened.hidden;
    opened.hidden = true;
    opened.replaceChildren();
    overview.hidden = false;
    nameThePage();
    if (wasOpen && moveFocus && cameFrom) {
      const mark = all("a", overview).find((link) => link.getAttribute("href") === cameFrom);
      if (mark) { mark.focus({ preventScroll: true }); mark.scrollIntoView({ block: "center" }); }
    }
    return;
  }
  cameFrom = place;
  const element = carried("opens");
  let content;
  try {
    content = element
      ? drawTimeline(JSON.parse(new TextDecoder().decode(await unpacked(element))), element.dataset)
      : [backLinks(), make("h1", { id: "opened-title", tabindex: "-1" }, t("not-there")),
        make("p", null, make("code", null, visible(readable(place.slice(1)))))];
  } catch (error) {
    if (typeof DecompressionStream !== "undefined") throw error;
    content = [backLinks(), make("h1", { id: "opened-title", tabindex: "-1" }, t("old-browser"))];
  }
  if (location.hash !== place) return;
  opened.replaceChildren(...content);
  overview.hidden = true;
  opened.hidden = false;
  nameThePage();
  if (moveFocus) {
    scrollTo(0, 0);
    document.getElementById("opened-title").focus({ preventScroll: true });
  }
}

function readable(place) {
  try { return decodeURIComponent(place); } catch { return place; }
}

function nameThePage() {
  const title = opened.hidden ? null : document.getElementById("opened-title");
  document.title = (title ? `${title.textContent} · ` : "") + t("report");
}

function backLinks() {
  const links = make("nav", { class: "ways", "aria-label": t("back") }, make("a", { href: "#", class: "back" }, `← ${t("back")}`));
  const failed = all('script.opens[data-failed="1"]').map((element) => element.dataset.place);
  const others = failed.filter((place) => place !== location.hash);
  if (others.length) {
    const next = failed[(failed.indexOf(location.hash) + 1) % failed.length];
    links.append(make("a", { href: next, class: "next" }, `${t("next-failure")} →`));
  }
  return links;
}

addEventListener("hashchange", () => route());
addEventListener("beforeprint", () => all(".verdict details, .failures details").forEach((one) => { one.open = true; }));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !opened.hidden && !event.target.closest("select")) location.hash = "";
});

// A conversation ------------------------------------------------------------------------------------------------------

function drawTimeline(timeline, beside) {
  const parts = [backLinks(), heading(timeline), verdict(timeline)];
  const insights = [timeline.diagnosis && diagnosisCard(timeline.diagnosis), timeline.divergence && divergenceCard(timeline)].filter(Boolean);
  if (insights.length) parts.push(make("div", { class: "insights" }, ...insights));
  parts.push(conversation(timeline));
  parts.push(make("div", { class: "downloads" },
    download("record", t("download-record"), ".json", timeline.name, beside.record),
    download("capture", t("download-capture"), ".pcapng", timeline.name, beside.capture)));
  return parts;
}

function heading(timeline) {
  const name = (text) => said("b", text);
  const parts = timeline.case === null
    ? [name(timeline.clients), ` ${t("meets")} `, name(timeline.server)]
    : [name(timeline.server || timeline.clients), " · ", said("code", timeline.name.split("/").slice(4).join("/"))];
  const about = [said("span", timeline.protocol)];
  if (timeline.network) about.push(` · ${t("network")}${colon()}`, said("b", timeline.network));
  if (timeline.seconds !== null) about.push(` · ${decimal(timeline.seconds * 1000)} ms`);
  return make("header", { class: "heading" },
    make("h1", { id: "opened-title", tabindex: "-1" }, ...parts), make("p", { class: "about" }, ...about));
}

// The same as in the overview.
const SIGNS = {
  passed: "✓", "non-strict": "≈", failed: "✗", suspicious: "?", inconclusive: "○", error: "!", known: "⊗", flaky: "±",
};

function verdict(timeline) {
  const sign = SIGNS[timeline.verdict];
  const [first, ...others] = timeline.problems;
  const box = make("div", { class: `verdict ${timeline.verdict}` },
    make("p", null, make("span", { class: `badge ${timeline.verdict}` }, `${sign} ${t(timeline.verdict)}`), " ",
      first ? told("span", first, { class: "sentence" }) : t(`understood-${timeline.agreed}`)));
  if (timeline.agreed === "wire" && first) box.append(make("p", { class: "about" }, t("wire-only-about")));
  if (timeline.case) box.append(make("p", { class: "about" }, t("case") + colon(), told("span", timeline.case)));
  if (timeline.allowed) box.append(make("p", { class: "about" }, t("allowed-here") + colon(), told("span", timeline.allowed)));
  if (others.length) {
    box.append(make("details", null, make("summary", null, `${t("also")} (${others.length})`),
      make("ul", null, ...others.map((problem) => told("li", problem)))));
  }
  return box;
}

function programLabel(program) {
  return program.member ? `${program.name} (${program.member})` : program.name;
}

// What a value looks like: texts in quotation marks.
const shown = (type, value) => (type === "UTF" || type === "char" ? t("quoted", { text: value }) : value);

function divergenceCard(timeline) {
  const { wire, lines } = timeline.divergence;
  const consoleRow = (line) => {
    const program = timeline.programs[line.program];
    const text = [said("code", line.text, { class: line.expected === null ? "line" : "line wrong" })];
    if (line.expected !== null) text.push(make("p", null, `${t("must-be")} `, said("code", line.expected, { class: "line right" })));
    return make("tr", null, make("th", { scope: "row" }, consoleOf(programLabel(program))), make("td", null, ...text));
  };
  const of = (role) => lines.filter((line) => timeline.programs[line.program].role === role).map(consoleRow);
  const sender = wire ? wire.side : "client";
  const rows = of(sender);
  if (wire) {
    const cell = make("td");
    const field = wire.field === null ? [t("no-field")] : [said("span", `${wire.type} `, { class: "type" }), said("b", wire.field),
      ...(wire.value === null ? [colon(), t("not-whole")] : [" = ", said("span", shown(wire.type, wire.value), { class: "value" })])];
    const before = wire.skipped ? make("span", { class: "type" }, `${t("bytes-before", { count: wire.skipped })} … `) : null;
    const left = wire.size - wire.skipped - bytesOf(wire.bytes).length;
    const behind = left > 0 ? make("span", { class: "type" }, ` … ${t("bytes-more", { count: left })}`) : null;
    cell.append(make("p", { class: "come" }, before, hexBytes(wire.bytes, wire.expected && wire.expected.bytes, wire.field === null), behind, " ", ...field));
    if (wire.expected) {
      cell.append(make("p", { class: "must" }, `${t("must-be")} `, hexBytes(wire.expected.bytes), " ", said("span", `= ${shown(wire.type, wire.expected.value)}`)));
    }
    cell.append(make("p", { class: "about" }, t(`place-${wire.side}`, wire)));
    rows.push(make("tr", { class: wire.expected || wire.field === null ? "wire wrong" : "wire" }, make("th", { scope: "row" }, t("on-the-wire")), cell));
  }
  rows.push(...of(sender === "client" ? "server" : "client"));
  return make("section", { class: "card divergence", "aria-labelledby": "divergence-title" },
    make("h2", { id: "divergence-title" }, t("divergence")), make("p", { class: "about" }, t(timeline.case === null ? `divergence-${timeline.agreed}` : "divergence-of-case")),
    make("table", null, make("thead", { class: "unseen" }, make("tr", null, make("th", { scope: "col" }, t("source")), make("th", { scope: "col" }, t("content")))),
      make("tbody", null, ...rows)));
}

// "Console of" somebody, whose name is in no language.
function consoleOf(name) {
  const [before, behind] = labels[language]["console-of"].split("{who}");
  return make("span", null, before, said("span", name), behind);
}

function diagnosisCard(finding) {
  const percent = Math.min(0.99, finding.confidence).toLocaleString(language, { style: "percent" });
  const sure = finding.certainty === "certain" ? "" : ` (${t(finding.certainty)}, ${percent})`;
  return make("section", { class: "card diagnosis", "aria-labelledby": "diagnosis-title" },
    make("p", { class: "kind" }, t("diagnosis", { who: t(finding.side) }) + sure),
    told("h2", finding.title, { id: "diagnosis-title" }),
    told("p", finding.description), ...finding.lines[language].map((line) => make("p", null, prose(line))));
}

function hexBytes(hex, expected, wrong = false) {
  const right = expected ? bytesOf(expected) : null;
  const box = make("code", { class: "bytes" });
  bytesOf(hex).forEach((byte, index) => {
    const differs = wrong || (right && right[index] !== byte);
    box.append(index ? " " : "", differs ? make("mark", null, byte.toUpperCase()) : byte.toUpperCase());
  });
  return box;
}

// The sequence drawing ------------------------------------------------------------------------------------------------

const SOON = 0.001; // seconds; what the tap held back no longer is not worth a word
const FEW_CONNECTIONS = 5;
const MANY_ROWS = 250;
const MANY_LINES = 12;
const FEW_LINES = 4;

function conversation(timeline) {
  const numbers = [...new Set(timeline.rows.filter((row) => row.c).map((row) => row.c))];
  const section = make("section", { class: "conversation", "aria-labelledby": "conversation-title" },
    make("h2", { id: "conversation-title" }, t("conversation")), make("p", { class: "about" }, t("conversation-about")));
  const place = make("div", { class: "place" });
  const marked = timeline.divergence && timeline.divergence.wire ? timeline.divergence.wire.connection : numbers[0];
  const draw = (number) => place.replaceChildren(table(timeline, number));
  let first = null;
  if (numbers.length > 1) {
    const select = make("select", { id: "connection" }, make("option", { value: "" }, t("all-connections")),
      ...numbers.map((number) => make("option", { value: number }, `${number}`)));
    if (numbers.length > FEW_CONNECTIONS) first = marked;
    select.value = first === null ? "" : String(first);
    select.addEventListener("change", () => draw(select.value === "" ? null : Number(select.value)));
    section.append(make("p", { class: "choice" }, make("label", null, `${t("connection")} `, select), " ", make("span", { class: "about" }, t("of-any"))));
  }
  draw(first);
  section.append(place);
  return section;
}

function table(timeline, number) {
  const mine = timeline.rows.filter((row) => number === null || row.c === number || row.m || row.k === "gap");
  const rows = moments(mine, timeline.programs);
  const several = number === null && new Set(mine.filter((row) => row.c).map((row) => row.c)).size > 1;
  const body = make("tbody", { role: "rowgroup" }, ...rows.slice(0, MANY_ROWS).map((row) => momentRow(row, timeline, several)));
  const marked = rows.findIndex((row, index) => index >= MANY_ROWS && row.marked);
  const drawn = make("table", { class: "timeline", role: "table", "aria-labelledby": "conversation-title" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...columns(timeline))), body);
  if (rows.length <= MANY_ROWS) return drawn;
  const more = make("button", { type: "button", class: "more" }, t("rows-more", { count: rows.length - MANY_ROWS }));
  const rest = () => {
    body.append(...rows.slice(MANY_ROWS).map((row) => momentRow(row, timeline, several)));
    more.remove();
  };
  more.addEventListener("click", rest);
  const both = make("div", null, drawn, more);
  if (marked >= 0) rest();
  return both;
}

// The rows of each moment, by the column that they stand in.
function moments(rows, programs) {
  const made = [];
  let now = null;
  for (const row of rows) {
    if (!now || row.k === "gap" || now.gap || row.g !== now.number) {
      made.push(now = { number: row.g, client: [], wire: [], server: [], gap: row.k === "gap", marked: false });
    }
    now[row.k === "line" ? programs[row.p].role : "wire"].push(row);
    now.marked = now.marked || Boolean(row.m);
  }
  return made;
}

function columns(timeline) {
  const heads = { client: [], server: [] };
  const counted = new Map();
  for (const program of timeline.programs) {
    const status = program.status === undefined ? "" : program.status === null ? t("was-stopped") : t("ended-with", program);
    counted.set(`${program.role}\n${program.name}\n${status}`, [...(counted.get(`${program.role}\n${program.name}\n${status}`) || []), program.member]);
  }
  for (const [key, members] of counted) {
    const [role, name, status] = key.split("\n");
    const who = members.filter(Boolean).join(", ");
    heads[role].push(make("span", { class: "whose" }, said("b", name), who ? said("span", ` (${who})`) : "", status ? make("small", null, ` ${status}`) : ""));
  }
  const column = (role) => make("th", { role: "columnheader", scope: "col", class: role },
    make("span", { class: "kind" }, t("console-of", { who: t(role) })), ...(heads[role].length ? heads[role] : [make("span", { class: "whose" }, t("harness"))]));
  const middle = timeline.case === null ? t("tap") : t("harness");
  const ends = make("span", { class: "ends" }, make("span", null, t("client")), make("span", null, middle), make("span", null, t("server")));
  return [column("client"), make("th", { role: "columnheader", scope: "col", class: "wire" }, make("span", { class: "kind" }, t("on-the-wire")), ends), column("server")];
}

function momentRow(row, timeline, several) {
  if (row.gap) {
    return make("tr", { role: "row", class: "gap" }, make("td", { role: "cell", colspan: "3" }, `⋮ ${t("left-out", { count: row.wire[0].n })} ⋮`));
  }
  const cells = ["client", "wire", "server"].map((slot) => {
    const label = slot === "wire" ? t("on-the-wire") : t("console-of", { who: t(slot) });
    const items = row[slot];
    const cell = make("td", { role: "cell", class: slot });
    if (items.length) cell.append(make("span", { class: "who" }, label));
    if (slot === "wire") cell.append(...items.map((item) => wireItem(item, timeline, several)));
    else cell.append(...consoleLines(items, timeline));
    return cell;
  });
  const back = row.wire.length && row.wire[0].s === "server";
  return make("tr", { role: "row", class: `${back ? "back" : "forth"}${row.marked ? " m" : ""}` }, ...cells);
}

const clock = (seconds) => make("time", null, decimal(1000 * seconds));
const here = () => make("span", { class: "here" }, `✗ ${t("here")}`);

// Many clients print the same line a hundred times: of many in a row, the first few, and the others when asked for.
function consoleLines(items, timeline) {
  const lines = items.map((item) => consoleLine(item, timeline));
  if (lines.length <= MANY_LINES) return lines;
  const rest = lines.slice(FEW_LINES);
  const open = items.slice(FEW_LINES).some((item) => item.m);
  return [...lines.slice(0, FEW_LINES),
    make("details", { class: "run", open }, make("summary", null, t("lines-more", { count: rest.length })), ...rest)];
}

function consoleLine(item, timeline) {
  const program = timeline.programs[item.p];
  const several = timeline.programs.filter((other) => other.role === program.role).length > 1;
  const text = make("span", { class: "text", lang: "fr" }, visible(item.x));
  return make("div", { class: `line${item.err ? " err" : ""}${item.m ? " m" : ""}` }, clock(item.t),
    several ? said("span", `${program.member || program.name} `, { class: "member" }) : null,
    item.err ? make("span", { class: "stream" }, `${t("error-output")} `) : null, text,
    item.cut ? make("span", { class: "stream" }, ` (${t("no-line-end")})`) : null, item.m ? here() : null);
}

const EVENTS = ["opened", "end", "reset", "refused"];

function wireItem(item, timeline, several) {
  const number = several ? make("span", { class: "number", title: `${t("connection")} ${item.c}` }, `#${item.c}`) : null;
  if (item.k === "cut") {
    return make("div", { class: `event ${item.s}` }, make("p", null, clock(item.t), number, t(`cut-${item.x}`)));
  }
  if (EVENTS.includes(item.k)) {
    const detail = item.x ? said("span", ` ${item.x}`) : null;
    return make("div", { class: `event ${item.s}` }, make("p", null, clock(item.t), number, t(`${item.k}-${item.s}`), detail));
  }
  const right = item.s === "client";
  const wrong = item.m && (item.must || item.k === "bytes");
  const name = item.k === "field"
    ? [said("span", item.y, { class: "type" }), " ", said("b", item.f), " = ", said("span", shown(item.y, item.v), { class: "value" })]
    : [make("span", { class: "type" }, t("bytes", { count: item.n }))];
  const legs = [leg(item.in, item, wrong), item.out.length || !item.n ? leg(item.out, item, wrong) : make("div", { class: "leg lost" }, make("span", null, t("never-passed-on")))];
  if (item.w !== undefined && item.w - item.t > SOON) legs[1].append(make("span", { class: "later" }, `+${decimal(1000 * (item.w - item.t))} ms`));
  const box = make("div", { class: `message ${right ? "right" : "left"}${item.m ? " m" : ""}` },
    make("p", { class: "caption" }, clock(item.t), number, unseen(`${t(item.s)} → ${t(right ? "server" : "client")}: `), ...name),
    make("div", { class: "legs" }, ...(right ? legs : [...legs].reverse())));
  if (item.m) {
    const must = item.must ? [` · ${t("must-be")} `, hexBytes(item.must.bytes), said("span", ` = ${shown(item.y, item.must.value)}`)] : [];
    box.append(make("p", { class: "note" }, here(), ...must));
  }
  return box;
}

function leg(pieces, item, wrong) {
  const expected = item.must ? bytesOf(item.must.bytes) : null;
  const box = make("div", { class: "leg" });
  let at = item.z || 0;
  if (at) box.append(make("span", { class: "rest" }, `${t("bytes-before", { count: at })} …`));
  for (const [hex, before, behind] of pieces) {
    const piece = make("code", { class: `piece${before ? " before" : ""}${behind ? " behind" : ""}` });
    bytesOf(hex).forEach((byte, index) => {
      const differs = wrong && (!expected || expected[at - (item.z || 0) + index] !== byte);
      piece.append(index ? " " : "", differs ? make("mark", null, byte.toUpperCase()) : byte.toUpperCase());
    });
    at += hex.length / 2;
    box.append(piece);
  }
  if (!item.n) box.append(make("span", { class: "rest" }, t("no-bytes")));
  if (at < item.n) box.append(make("span", { class: "rest" }, `… ${t("bytes-more", { count: item.n - at })}`));
  return box;
}

// The filter ----------------------------------------------------------------------------------------------------------

const filters = document.querySelector(".filters");
const counter = document.getElementById("shown");
let howMany = counter.dataset.all;

function filter() {
  const [program, network, verdict] = ["by-program", "by-network", "by-verdict"].map((id) => document.getElementById(id).value);
  let count = 0;
  for (const grid of all("table.grid")) {
    const columns = new Map();
    for (const row of all("tbody tr", grid)) {
      let inRow = 0;
      for (const place of all("td", row)) {
        const met = !program || row.dataset.server === program || place.dataset.client === program;
        let inPlace = 0;
        for (const mark of all(".mark", place)) {
          mark.hidden = !(met && (!network || mark.dataset.network === network) && (!verdict || mark.dataset.verdict === verdict));
          inPlace += !mark.hidden;
        }
        place.classList.toggle("empty", !inPlace);
        columns.set(place.dataset.client, (columns.get(place.dataset.client) || 0) + inPlace);
        inRow += inPlace;
      }
      row.hidden = !inRow;
      count += inRow;
    }
    for (const cell of all("[data-client]", grid)) cell.hidden = !columns.get(cell.dataset.client);
    grid.closest("section").hidden = ![...columns.values()].some(Boolean);
  }
  for (const table of all("table.rows")) {
    let inTable = 0;
    for (const cell of all("[data-program]", table)) cell.hidden = Boolean(program) && cell.dataset.program !== program;
    for (const body of all("tbody:not(.stem)", table)) {
      let inBody = 0;
      for (const row of all("tr", body)) {
        const dots = all("[data-verdict]", row).filter((dot) => !dot.closest("td").hidden && (!verdict || dot.dataset.verdict === verdict));
        row.hidden = !dots.length || Boolean(network);
        inBody += row.hidden ? 0 : dots.length;
      }
      const head = body.previousElementSibling; // of a group that folds
      if (body.classList.contains("folds")) {
        head.hidden = !inBody;
        if (verdict && inBody) fold(head.querySelector(".fold"), true); // what was asked for is not to be looked for
      }
      inTable += inBody;
    }
    table.closest("section").hidden = !inTable;
    count += inTable;
  }
  howMany = count;
  sayHowMany();
}

function sayHowMany() {
  counter.textContent = t("shown", { shown: howMany, all: counter.dataset.all });
}

filters.addEventListener("change", filter);
filters.addEventListener("reset", () => setTimeout(filter));
filters.addEventListener("submit", (event) => event.preventDefault());

// Groups of cases -----------------------------------------------------------------------------------------------------

function fold(button, open) {
  button.setAttribute("aria-expanded", String(open));
  button.closest("tbody").nextElementSibling.classList.toggle("folded", !open);
}

function foldAll(button, open) {
  button.setAttribute("aria-expanded", String(open));
  for (const one of all(".fold", button.closest("section"))) fold(one, open);
}

function nameTheFold(button) {
  button.textContent = t(isOpen(button) ? "close-all" : "open-all");
}

for (const button of all(".fold")) button.addEventListener("click", () => fold(button, !isOpen(button)));
for (const button of all(".fold-all")) {
  button.addEventListener("click", () => { foldAll(button, !isOpen(button)); nameTheFold(button); });
  foldAll(button, false);
  nameTheFold(button);
}

// Arrow keys from mark to mark ----------------------------------------------------------------------------------------

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener("keydown", (event) => {
  const mark = event.target.closest("td a.mark, td a.dot");
  if (!mark || !(event.key in STEPS)) return;
  const [down, across] = STEPS[event.key];
  const rows = all("tr", mark.closest("table")).filter((row) => !row.hidden && row.querySelector("a.mark:not([hidden]), a.dot"));
  const row = mark.closest("tr");
  const inRow = (where) => all("a.mark:not([hidden]), a.dot", where);
  const place = inRow(row).indexOf(mark) + across;
  const target = inRow(rows[rows.indexOf(row) + down] || row)[place];
  if (target) { event.preventDefault(); target.focus(); }
});

// -------------------------------------------------------------------------------------------------------------------

if (remembered("conformance-theme")) setTheme(remembered("conformance-theme"));
if (language !== "en") translate();
route();
