// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported open, seal */

// What a value is on its way: bytes, a text, or a GVariant. Where a stage says its type, a value is
// of that type, as other languages see it. Where it says none, a Uint8Array is bytes and any other
// value JSON text. Text and bytes have functions of their own, which leak nothing.

const { GLib } = imports.gi;
const System = imports.system;
const { fromText, toText } = imports.overrides.mpipe.text;
const { pack, unpack } = imports.overrides.mpipe.variant;

// Calls the one of three functions that takes what the value is on its way.
function seal(value, type, takers) {
  if (value instanceof GLib.Variant)
    return takers.variant(type === null ? value : pack(value, type));
  if (type === null) {
    return value instanceof Uint8Array
      ? takers.bytes(value) : takers.text(toText(value));
  }
  if (value instanceof Uint8Array && type.dup_string() === 'ay')
    return takers.bytes(value);
  return takers.variant(pack(value, type));
}

// GJS collects its garbage by what that takes in JavaScript. What came takes little there and much
// more in C, and would stay long: a program that does millions of tasks would grow and grow.
const VALUES_MAX = 10000;
const BYTES_MAX = 64 << 20;
let nValues = 0, nBytes = 0; // since garbage was collected

function collectGarbage(variant) {
  nValues++;
  nBytes += variant.get_size();
  if (nValues < VALUES_MAX && nBytes < BYTES_MAX)
    return;
  nValues = 0;
  nBytes = 0;
  System.gc();
}

// The value of a GVariant that came; of a text without a declared type, what its JSON says.
function open(variant, type) {
  collectGarbage(variant);
  if (type === null && variant.get_type_string() === 's')
    return fromText(variant.get_string()[0]);
  return unpack(variant);
}
