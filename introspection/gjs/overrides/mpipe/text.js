// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported fromText, toText */

// Plain values as JSON text. What JSON does not have is an object of one member whose name begins
// with "$": {"$int64": "123"} is the BigInt 123n, {"$bytes": "AQI="} a Uint8Array in Base64. A name
// that begins with "$" in a value has one more "$" in the text. What would be lost is refused.

const { GLib } = imports.gi;
const { Path } = imports.overrides.mpipe.path;

const INT64 = '$int64';
const BYTES = '$bytes';

function describe(value) {
  if (typeof value === 'function' || typeof value === 'symbol')
    return `a ${typeof value}`;
  return `a ${value.constructor?.name ?? 'foreign object'}`;
}

function isPlainObject(value) {
  const prototype = Object.getPrototypeOf(value);

  return prototype === null || prototype === Object.prototype;
}

// Returns whether the value needs more than JSON has.
function check(value, path) {
  switch (typeof value) {
  case 'string':
  case 'boolean':
    return false;
  case 'number':
    if (!Number.isFinite(value))
      path.refuse(`${value} cannot be sent`);
    return false;
  case 'bigint':
    if (value !== BigInt.asIntN(64, value))
      path.refuse(`${value}n does not fit into 64 bits`);
    return true;
  case 'object':
    if (value === null)
      return false;
    if (Array.isArray(value))
      return checkArray(value, path);
    if (value instanceof Uint8Array)
      return true;
    if (isPlainObject(value))
      return checkObject(value, path);
    return path.refuse(`${describe(value)} cannot be sent`);
  case 'undefined':
    return path.refuse('undefined cannot be sent; null can');
  default:
    return path.refuse(`${describe(value)} cannot be sent`);
  }
}

function checkArray(array, path) {
  let needsMore = false;

  path.enter(array);
  for (let i = 0; i < array.length; i++) {
    path.at(i);
    if (check(array[i], path))
      needsMore = true;
  }
  path.leave();
  return needsMore;
}

function checkObject(object, path) {
  let needsMore = false;

  path.enter(object);
  for (const key of Object.keys(object)) {
    path.at(key);
    if (check(object[key], path) || key.startsWith('$'))
      needsMore = true;
  }
  path.leave();
  return needsMore;
}

// Returns a copy that JSON has words for. Without a prototype, "__proto__" is a name like others.
function express(value) {
  if (typeof value === 'bigint')
    return { [INT64]: value.toString() };
  if (typeof value !== 'object' || value === null)
    return value;
  if (value instanceof Uint8Array)
    return { [BYTES]: GLib.base64_encode(value) };
  if (Array.isArray(value))
    return value.map(express);

  const copy = Object.create(null);
  for (const key of Object.keys(value))
    copy[key.startsWith('$') ? `$${key}` : key] = express(value[key]);
  return copy;
}

// The text of a value; TypeError when it cannot be sent.
function toText(value) {
  return JSON.stringify(check(value, new Path()) ? express(value) : value);
}

function restoreInt64(digits) {
  const isInteger = typeof digits === 'string' && /^-?[0-9]{1,19}$/.test(digits);
  const value = isInteger ? BigInt(digits) : null;

  if (value === null || value !== BigInt.asIntN(64, value))
    throw new TypeError('the text has an integer that is none');
  return value;
}

function restoreBytes(base64) {
  const isBase64 = typeof base64 === 'string' && base64.length % 4 === 0 &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(base64);

  if (!isBase64)
    throw new TypeError('the text has bytes that are not in Base64');
  return base64 === '' ? new Uint8Array() : GLib.base64_decode(base64);
}

function restoreSpecial(object, key) {
  switch (key) {
  case INT64:
    return restoreInt64(object[key]);
  case BYTES:
    return restoreBytes(object[key]);
  default:
    throw new TypeError(`the text has a kind of value that is not known, “${key}”`);
  }
}

// The opposite of express(); it changes what JSON.parse() made.
function restore(value) {
  if (typeof value !== 'object' || value === null)
    return value;

  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0].startsWith('$') && !keys[0].startsWith('$$'))
    return restoreSpecial(value, keys[0]);
  for (const key of keys) {
    const restored = restore(value[key]);

    if (key.startsWith('$$')) {
      delete value[key];
      value[key.slice(1)] = restored;
    } else {
      value[key] = restored;
    }
  }
  return value;
}

// The value of a text; TypeError when it is none.
function fromText(text) {
  let value;

  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`a text came that is no value in JSON (${error.message}); plain text ` +
      'between stages needs the type “s”');
  }
  return text.includes('"$') ? restore(value) : value;
}
