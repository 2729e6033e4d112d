// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported open, seal */

// What a value is on its way: bytes, a text, or a GVariant. Where a stage says its type, a value is
// of that type, as other languages see it. Where it says none, a Uint8Array is bytes and any other
// value JSON text. Text and bytes have functions of their own, which leak nothing.

const { GLib } = imports.gi;
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

// The value of a GVariant that came; of a text without a declared type, what its JSON says.
function open(variant, type) {
  if (type === null && variant.get_type_string() === 's')
    return fromText(variant.get_string()[0]);
  return unpack(variant);
}
