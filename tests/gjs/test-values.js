// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// What values become on their way, and which are refused. No pipeline.

import GLib from 'gi://GLib';
import 'gi://Mpipe?version=1.0'; // its overrides are found through it

import { assert, assertEqual, assertMatch, run, thrownBy } from './kit.js';

const { fromText, toText } = imports.overrides.mpipe.text;
const { makeType, pack, unpack } = imports.overrides.mpipe.variant;
const { describe, separate } = imports.overrides.mpipe.trace;

const MOST = 2n ** 63n - 1n;

function nest(depth) {
  let value = 0;

  for (let i = 0; i < depth; i++)
    value = [value];
  return value;
}

function plainValuesComeBack() {
  const values = [null, true, 0, -1.5, 1e300, Number.MAX_SAFE_INTEGER, '', 'grün\0"\\\n', [], {},
    [1, [2, [3]]], { a: { b: ['c'] } }, { 'x y': 1, 0: 2 }, nest(100)];

  for (const value of values)
    assertEqual(fromText(toText(value)), value);
}

function whatJsonLacksComesBack() {
  const values = [1n, -MOST - 1n, MOST, [1n, { a: 2n }], { a: new Uint8Array([0, 255, 7]) },
    [new Uint8Array()], { $a: 1, $$b: 2 }, { $int64: '5' }, { $bytes: [1n] }];

  for (const value of values)
    assertEqual(fromText(toText(value)), value);
  assertEqual(toText({ id: 9007199254740993n }), '{"id":{"$int64":"9007199254740993"}}');
  assertEqual(toText([new Uint8Array([1, 2])]), '[{"$bytes":"AQI="}]');
  assertEqual(toText({ $ref: 1 }), '{"$$ref":1}');
}

function aPrototypeIsNotSet() {
  for (const text of ['{"__proto__":{"evil":1}}', '{"__proto__":{"evil":1},"n":{"$int64":"1"}}']) {
    const value = fromText(text);

    assertEqual(value.evil, undefined);
    assertEqual(Object.getPrototypeOf(value), Object.prototype);
    assertEqual(fromText(toText(value)), value);
  }
}

async function whatWouldBeLostIsRefused() {
  const circle = { list: [] };
  const cases = [
    [undefined, /^undefined cannot be sent/],
    [NaN, /^NaN cannot be sent$/],
    [[1, Infinity], /^value\[1\]: Infinity/],
    [{ a: [{ b: undefined }] }, /^value\.a\[0\]\.b: undefined/],
    [{ 'x y': () => 1 }, /^value\["x y"\]: a function/],
    [[Symbol('s')], /a symbol/],
    [{ when: new Date() }, /^value\.when: a Date/],
    [new Map(), /a Map/],
    [new Set(), /a Set/],
    [new Float64Array(1), /a Float64Array/],
    [[, 1], /^value\[0\]: undefined/], // eslint-disable-line no-sparse-arrays
    [MOST + 1n, /does not fit into 64 bits/],
    [new GLib.Bytes([1]), /cannot be sent/],
    [nest(101), /more than 100 levels deep/],
    [circle, /^value\.list\[0\]: the value contains itself/],
  ];

  circle.list.push(circle);
  for (const [value, expected] of cases) {
    const error = await thrownBy(() => toText(value));

    assert(error instanceof TypeError, `${error} is no TypeError`);
    assertMatch(error.message, expected);
  }
}

async function textsThatSayNothingAreRefused() {
  const texts = ['', 'hello', '{"$int64":5}', '{"$int64":"x"}', '{"$int64":"9223372036854775808"}',
    '{"$bytes":"*"}', '{"$bytes":"A"}', '[{"$map":[]}]'];

  for (const text of texts)
    assert(await thrownBy(() => fromText(text)) instanceof TypeError, text);
}

function typedValuesComeBack() {
  const cases = [['b', true], ['y', 255], ['n', -32768], ['q', 65535], ['i', -2147483648],
    ['u', 4294967295], ['x', 5], ['x', MOST], ['x', -MOST - 1n], ['t', 2n ** 64n - 1n], ['d', 1],
    ['d', -1.25e-300], ['d', 1e22], ['d', 123456789012345680000], ['s', 'grün \'"\\\n'], ['o', '/a'],
    ['g', 'as'], ['as', []], ['as', ['a', 'b']], ['ay', new Uint8Array([0, 255])], ['ad', [0.1, 2]],
    ['aax', [[1], []]], ['(xs)', [1, 'a']], ['(s)', ['a']], ['()', []], ['((x)as(dd))', [[1], ['b'], [1, 2]]],
    ['mx', null], ['mx', 5], ['a{sv}', { a: 1, b: [true, 'c', 1.5], c: { d: MOST } }], ['v', 'a'],
    ['a{sx}', { a: 1 }]];

  for (const [type, value] of cases) {
    const packed = pack(value, makeType(type));

    assertEqual(packed.get_type_string(), type);
    assertEqual(unpack(packed), value, type);
  }
  assert(Number.isNaN(unpack(pack(NaN, makeType('d')))), 'NaN');
  assertEqual(unpack(pack(-Infinity, makeType('d'))) === -Infinity, true);
  assert(Object.is(unpack(pack(-0, makeType('d'))), -0), '-0');
  assertEqual([...unpack(pack(new Map([[1, 'a']]), makeType('a{xs}')))], [[1, 'a']]);
  assertEqual([...unpack(pack({ 1: 'a' }, makeType('a{is}')))], [[1, 'a']]);
}

async function valuesOfAWrongTypeAreRefused() {
  const cases = [['x', 'a', /a string was given, “x” is needed/], ['x', 1.5, /number \(1.5\)/],
    ['x', 2 ** 60, /may have been rounded/], ['y', 256, /“y” is needed/], ['t', -1, /“t” is needed/],
    ['b', 1, /“b”/], ['s', 5, /“s”/], ['s', 'a\0', /U\+0000/], ['s', '\ud800', /Unicode/],
    ['o', 'x', /object path/], ['as', 'a', /“as”/], ['as', ['a', 1], /^value\[1\]: a number/],
    ['(xs)', [1], /array of 1/], ['(xs)', [1, 'a', 2], /array of 3/], ['a{sv}', [], /“a{sv}”/],
    ['a{sv}', { a: { b: null } }, /^value\.a\.b: null/], ['d', '1', /“d”/], ['d', null, /null/]];

  for (const [type, value, expected] of cases) {
    const error = await thrownBy(() => pack(value, makeType(type)));

    assert(error instanceof TypeError, `${error} is no TypeError`);
    assertMatch(error.message, expected);
  }
  assertMatch((await thrownBy(() => makeType('a{vs}'))).message, /no type/);
}

function exceptionsAreTakenApart() {
  const error = new RangeError('too large\nby far');
  const arrived = separate({ message: `stage “s”: ${describe(error)}` });

  assertEqual(arrived.message, 'stage “s”: RangeError: too large\nby far');
  assertEqual(arrived.worker_stack, error.stack.trimEnd());
  assertEqual(describe('a text'), 'a text');
  assertEqual(describe(undefined), 'undefined');
}

await run(plainValuesComeBack, whatJsonLacksComesBack, aPrototypeIsNotSet, whatWouldBeLostIsRefused,
  textsThatSayNothingAreRefused, typedValuesComeBack, valuesOfAWrongTypeAreRefused,
  exceptionsAreTakenApart);
