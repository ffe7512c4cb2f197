/** The tests that hold `src/core`, without those that need a database: what the mutation check runs for each mutant. */
import base from '../../jest.config.mjs';

const { globalSetup: _setup, globalTeardown: _teardown, roots: _roots, ...rest } = base;

export default {
  ...rest,
  rootDir: '../..',
  roots: ['<rootDir>/test/unit/core', '<rootDir>/test/property', '<rootDir>/test/reference', '<rootDir>/test/vectors'],
  // What goes through stores is slow, and needs a database.
  testPathIgnorePatterns: ['/node_modules/', '-in-stores\\.test\\.ts$'],
  maxWorkers: 1,
};
