// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported makeType, pack, packDictionary, unpack */

// Plain values as GVariants of a given type, for stages that other languages share. GVariants are
// made from their text form: that is checked in one place, exact for 64-bit integers, and not leaked,
// which those are that JavaScript makes by their constructor.

const { GLib } = imports.gi;
const { Path } = imports.overrides.mpipe.path;

const INTEGERS = {
  y: [0n, 0xffn],
  n: [-0x8000n, 0x7fffn],
  q: [0n, 0xffffn],
  i: [-0x80000000n, 0x7fffffffn],
  u: [0n, 0xffffffffn],
  x: [-(1n << 63n), (1n << 63n) - 1n],
  t: [0n, (1n << 64n) - 1n],
};

function makeType(type) {
  if (type instanceof GLib.VariantType)
    return type;
  if (typeof type !== 'string' || !GLib.VariantType.string_is_valid(type))
    throw new TypeError(`${JSON.stringify(type)} is no type of values`);
  return new GLib.VariantType(type);
}

function describe(value) {
  if (value === null || value === undefined)
    return String(value);
  if (typeof value === 'object')
    return `an object (${value.constructor?.name ?? 'Object'})`;
  if (typeof value === 'string')
    return 'a string';
  return `a ${typeof value} (${String(value)})`;
}

function quote(text, path) {
  if (text.includes('\0'))
    path.refuse('a text with the character U+0000 cannot be sent as “s”');
  if (/[\ud800-\udfff]/u.test(text))
    path.refuse('the text is not valid Unicode');
  return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
}

function integer(value, code, path) {
  const [least, most] = INTEGERS[code];
  let exact = value;

  if (Number.isInteger(value)) {
    if (!Number.isSafeInteger(value))
      path.refuse(`${value} may have been rounded: write it as a BigInt`);
    exact = BigInt(value);
  }
  if (typeof exact !== 'bigint' || exact < least || exact > most)
    path.refuse(`${describe(value)} was given, “${code}” is needed`);
  return exact.toString();
}

function double(value, path) {
  if (typeof value !== 'number')
    path.refuse(`${describe(value)} was given, “d” is needed`);
  if (Number.isNaN(value))
    return 'nan';
  if (!Number.isFinite(value))
    return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0))
    return '-0.0';
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

function text(value, code, path) {
  if (typeof value !== 'string')
    path.refuse(`${describe(value)} was given, “${code}” is needed`);
  return quote(value, path);
}

// What is in a variant “v”: its type is the plainest that fits.
function any(value, path) {
  if (value instanceof GLib.Variant)
    return `<${value.print(true)}>`;
  switch (typeof value) {
  case 'boolean':
    return `<${value}>`;
  case 'bigint':
    return `<int64 ${integer(value, 'x', path)}>`;
  case 'number':
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? `<int64 ${value}>` : `<${double(value, path)}>`;
  case 'string':
    return `<${quote(value, path)}>`;
  default:
    break;
  }
  if (value instanceof Uint8Array)
    return `<@ay ${array(value, 'y', path)}>`;
  if (Array.isArray(value))
    return `<@av ${array(value, 'v', path)}>`;
  if (value !== null && typeof value === 'object')
    return `<@a{sv} ${dictionary(value, 's', 'v', path)}>`;
  return path.refuse(`${describe(value)} cannot be sent as “v”`);
}

function array(value, element, path) {
  const parts = [];

  if (!Array.isArray(value) && !(value instanceof Uint8Array && element === 'y'))
    path.refuse(`${describe(value)} was given, “a${element}” is needed`);
  path.enter(value);
  for (let i = 0; i < value.length; i++) {
    path.at(i);
    parts.push(express(value[i], element, path));
  }
  path.leave();
  return `[${parts.join(', ')}]`;
}

function entriesOf(value, key) {
  if (value instanceof Map)
    return [...value.entries()];
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return null;
  return Object.entries(value).map(([name, member]) => {
    return [key === 's' || key === 'o' || key === 'g' ? name : Number(name), member];
  });
}

function dictionary(value, key, element, path) {
  const entries = entriesOf(value, key), parts = [];

  if (entries === null)
    path.refuse(`${describe(value)} was given, “a{${key}${element}}” is needed`);
  path.enter(value);
  for (const [name, member] of entries) {
    path.at(String(name));
    parts.push(`${express(name, key, path)}: ${express(member, element, path)}`);
  }
  path.leave();
  return `{${parts.join(', ')}}`;
}

// How long the first complete type of a type string is.
function lengthOfFirst(types) {
  let length = 0, depth = 0;

  while (types[length] === 'a' || types[length] === 'm')
    length++;
  do {
    if (types[length] === '(' || types[length] === '{')
      depth++;
    else if (types[length] === ')' || types[length] === '}')
      depth--;
    length++;
  } while (depth > 0);
  return length;
}

function tuple(value, type, path) {
  let types = type.slice(1, -1);
  const parts = [];

  if (!Array.isArray(value))
    path.refuse(`${describe(value)} was given, “${type}” is needed`);
  path.enter(value);
  for (let i = 0; types !== ''; i++) {
    const length = lengthOfFirst(types);

    if (i === value.length)
      path.refuse(`an array of ${value.length} was given, “${type}” is needed`);
    path.at(i);
    parts.push(express(value[i], types.slice(0, length), path));
    types = types.slice(length);
  }
  path.leave();
  if (parts.length !== value.length)
    path.refuse(`an array of ${value.length} was given, “${type}” is needed`);
  return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(', ')})`;
}

// The text form of a value of a type, both given.
function express(value, type, path) {
  const code = type[0];

  if (code in INTEGERS)
    return integer(value, code, path);
  switch (code) {
  case 'b':
    if (typeof value !== 'boolean')
      path.refuse(`${describe(value)} was given, “b” is needed`);
    return String(value);
  case 'd':
    return double(value, path);
  case 's':
  case 'o':
  case 'g':
    return text(value, code, path);
  case 'v':
    return any(value, path);
  case 'm':
    return value === null ? 'nothing' : `just ${express(value, type.slice(1), path)}`;
  case 'a':
    return type[1] === '{'
      ? dictionary(value, type[2], type.slice(3, -1), path)
      : array(value, type.slice(1), path);
  case '(':
    return tuple(value, type, path);
  default:
    return path.refuse(`values of type “${type}” cannot be sent`);
  }
}

// A value as a GVariant of the type; TypeError when it does not fit.
function pack(value, type) {
  if (value instanceof GLib.Variant) {
    if (!value.is_of_type(type))
      throw new TypeError(`a value of type “${value.get_type_string()}” was given, ` +
        `“${type.dup_string()}” is needed`);
    return value;
  }

  const expressed = express(value, type.dup_string(), new Path());
  try {
    return GLib.Variant.parse(type, expressed, null, null);
  } catch (error) {
    throw new TypeError(error.message);
  }
}

// An object as GVariant of type a{sv}, for the parameters of stages.
function packDictionary(object) {
  return pack(object, new GLib.VariantType('a{sv}'));
}

// By way of its digits: GJS rounds, and warns.
function unpackInteger(variant) {
  const digits = variant.print(false), number = Number(digits);

  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

function unpackBytes(variant) {
  return variant.get_data_as_bytes().toArray().slice();
}

function* children(variant) {
  const n = variant.n_children();

  for (let i = 0; i < n; i++)
    yield variant.get_child_value(i);
}

function unpackDictionary(variant, key) {
  const entries = [];

  for (const entry of children(variant))
    entries.push([unpack(entry.get_child_value(0)), unpack(entry.get_child_value(1))]);
  return key === 's' || key === 'o' || key === 'g' ? Object.fromEntries(entries) : new Map(entries);
}

// The plain value of a GVariant: 64-bit integers are Numbers where those are exact, else BigInts.
function unpack(variant) {
  const type = variant.get_type_string();

  switch (type[0]) {
  case 'b':
    return variant.get_boolean();
  case 'y':
    return variant.get_byte();
  case 'n':
    return variant.get_int16();
  case 'q':
    return variant.get_uint16();
  case 'i':
    return variant.get_int32();
  case 'u':
    return variant.get_uint32();
  case 'x':
  case 't':
    return unpackInteger(variant);
  case 'd':
    return variant.get_double();
  case 's':
  case 'o':
  case 'g':
    return variant.get_string()[0];
  case 'v':
    return unpack(variant.get_variant());
  case 'm':
    return variant.n_children() === 0 ? null : unpack(variant.get_child_value(0));
  case 'a':
    if (type === 'ay')
      return unpackBytes(variant);
    if (type[1] === '{')
      return unpackDictionary(variant, type[2]);
    return [...children(variant)].map(unpack);
  default:
    return [...children(variant)].map(unpack);
  }
}
