import { defineConfig } from 'vitest/config';

const E2E = ['test/e2e/**/*.test.ts', 'test/**/*.e2e.test.ts'];
const CLUSTER = ['test/e2e/cluster/**/*.test.ts'];
// A shared machine can starve a process past its deadline; what needed a second try is shown as such.
const RETRY = process.env['CI'] === 'true' ? 1 : 0;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: E2E,
          // Some run real sockets and processes, and a machine may have other work.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: E2E,
          exclude: CLUSTER,
          globalSetup: 'test/e2e/global-setup.ts',
          testTimeout: 60_000,
          retry: RETRY,
          hookTimeout: 120_000,
          // Each file runs gateways and kernels of its own: more than two at once slow each other into their deadlines.
          maxWorkers: 2,
          // After the unit tests, so that those report at once.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: CLUSTER,
          globalSetup: 'test/e2e/cluster/cluster-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: RETRY,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
