import { afterEach, describe, expect, it } from '@jest/globals';
import { ThreadGlobals } from '../../../src/worker/runner/thread-globals.js';

const { floor } = Math;

afterEach(() => {
  Math.floor = floor;
  delete process.env['LEAKED'];
});

describe('ThreadGlobals', () => {
  it('puts the environment back, also when nothing was remembered yet', () => {
    const before = { ...process.env };
    const globals = new ThreadGlobals();
    process.env['LEAKED'] = 'yes';
    process.env['PATH'] = '/nowhere';
    globals.restoreEnvironment();
    expect({ ...process.env }).toEqual(before);
  });

  it('keeps what modules set while they were loaded', () => {
    const globals = new ThreadGlobals();
    process.env['LEAKED'] = 'by a module';
    globals.remember();
    delete process.env['LEAKED'];
    globals.restoreEnvironment();
    expect(process.env['LEAKED']).toBe('by a module');
  });

  it('names a built-in function that was replaced since', () => {
    const globals = new ThreadGlobals();
    globals.remember();
    expect(globals.changedBuiltIn()).toBeNull();
    Math.floor = (x) => x;
    expect(globals.changedBuiltIn()).toBe('Math.floor');
    globals.remember();
    expect(globals.changedBuiltIn()).toBeNull();
  });
});
