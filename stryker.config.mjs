/**
 * The mutation check over `src/core`: `npm run mutation`, or one folder with `npm run mutation -- -m 'src/core/trigger-rule/*.ts'`. It changes the code a little,
 * again and again, and wants a test to fail each time. Survivors are listed in `coverage/mutation/`; those that stay are explained in
 * `docs/reference/mutation-survivors.md`.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: ['src/core/**/*.ts'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'test/mutation/jest.config.mjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  ignoreStatic: true,
  // Texts of messages are for people; what a test has to hold is their code and place.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignorePatterns: ['/.airflow-like', '/data', '/dist', '/build', '/bench', '/docs'],
  reporters: ['clear-text', 'progress', 'json'],
  clearTextReporter: { allowColor: false, logTests: false },
  jsonReporter: { fileName: 'coverage/mutation/report.json' },
  tempDirName: 'coverage/stryker',
  thresholds: { high: 95, low: 90, break: 90 },
  allowEmpty: false,
};
