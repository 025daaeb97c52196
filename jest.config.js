// Tests run against the compiled dist/ (what users run, with the worker threads and child processes it starts);
// types are checked against src/ by `npm run types`.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Outages take their time: `npm run test:faults`, or this variable with `npm run test:native -- test/faults`.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.VITRINE_TEST_FAULTS ? [] : ['/test/faults/slow/']),
    // Needs Chromium: `npm run test:web`.
    ...(process.env.VITRINE_TEST_WEB ? [] : ['/test/web/journeys/']),
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' }, module: { type: 'es6' } }] },
  moduleNameMapper: {
    '^(?:\\.\\./)+src/(.*)\\.js$': '<rootDir>/dist/$1.js',
    '^(\\.{1,2}/(?:.*/)?support/.*)\\.js$': '$1.ts',
  },
  maxWorkers: 2,
  testTimeout: 60000,
};
