/** What tests import from `@jest/globals`, on top of Mocha, whose functions are global while it loads a file. */
import { expect } from 'expect';
import { bind } from 'jest-each';
import * as jest from 'jest-mock';

export const describe = Object.assign((...args) => globalThis.describe(...args), {
  each: bind((...args) => globalThis.describe(...args), false),
});
export const it = Object.assign((title, test) => globalThis.it(title, test), {
  each: bind((title, test) => globalThis.it(title, test), false),
});
export const test = it;
export const beforeAll = (hook) => globalThis.before(hook);
export const afterAll = (hook) => globalThis.after(hook);
export const beforeEach = (hook) => globalThis.beforeEach(hook);
export const afterEach = (hook) => globalThis.afterEach(hook);
export { expect, jest };
