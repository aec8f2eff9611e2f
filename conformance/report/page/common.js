// What both pages have in common, this one and the board's: it comes before the script of either.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// What a visitor has chosen holds for both.

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* a page from disk may have no storage */ }
}

function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

let language = remembered("conformance-language") || (navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en");

function make(tag, options, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The same rule as builder.py has.
const HIDING = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu;
const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function visible(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(HIDING)) {
    fragment.append(text.slice(end, found.index));
    fragment.append(make("span", { class: "odd" }, [...found[0]].map(escaped).join("")));
    end = found.index + found[0].length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

function escaped(character) {
  const code = character.codePointAt(0);
  const digits = code.toString(16).toUpperCase();
  return SHORT[character] || (code <= 0xffff ? "\\u" + digits.padStart(4, "0") : "\\U" + digits.padStart(8, "0"));
}
