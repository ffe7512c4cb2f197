/**
 * The mutation check over `src/core`: `npm run mutation`, or one folder with `npm run mutation -- -m 'src/core/trigger-rule/*.ts'`. It changes the code a little,
 * again and again, and wants a test to fail each time. Survivors are listed in `coverage/mutation/`; those that stay are explained in
 * `docs/reference/mutation-survivors.md`.
 *
 * Mocha runs the tests, because it loads them once for thousands of mutants, where Jest loads them again for each: minutes instead of hours.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: ['src/core/**/*.ts'],
  testRunner: 'mocha',
  testRunnerNodeArgs: ['--import', './test/mutation/register.mjs', '--disable-warning=ExperimentalWarning'],
  mochaOptions: { config: 'test/mutation/mocharc.json' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  ignoreStatic: true,
  // Texts of messages are for people; what a test has to hold is their code and place.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignorePatterns: ['/.airflow-like', '/data', '/dist', '/build', '/bench', '/docs'],
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, logTests: false },
  jsonReporter: { fileName: 'coverage/mutation/report.json' },
  tempDirName: 'coverage/stryker',
  thresholds: { high: 95, low: 90, break: 90 },
  allowEmpty: false,
};
