// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported Path */

// Where in a value we are, while walking through it: to say so when a part cannot be sent, and to
// see that a value contains itself.

const DEPTH_MAX = 100; // of what is inside a value; GVariant has 128 levels

var Path = class Path {
  constructor() {
    this._keys = [];
    this._holders = [];
  }

  enter(holder) {
    if (this._holders.includes(holder))
      this.refuse('the value contains itself');
    if (this._holders.length === DEPTH_MAX)
      this.refuse(`the value is nested more than ${DEPTH_MAX} levels deep`);
    this._holders.push(holder);
    this._keys.push(null);
  }

  at(key) {
    this._keys[this._keys.length - 1] = key;
  }

  leave() {
    this._holders.pop();
    this._keys.pop();
  }

  refuse(why) {
    let where = this._keys.map(key => {
      if (key === null)
        return '';
      if (typeof key === 'number')
        return `[${key}]`;
      return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    }).join('');

    throw new TypeError(where === '' ? why : `value${where}: ${why}`);
  }
};
