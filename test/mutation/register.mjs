/** For `node --import`: lets Node run the tests' TypeScript, with `@jest/globals` played by Mocha. */
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);

// A mutant that nothing notices goes through every random case: a share of them is enough to tell.
process.env['REFERENCE_CASES'] ??= '500';
process.env['REFERENCE_RUNS'] ??= '300';
