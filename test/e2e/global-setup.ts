/** Runs once before the end-to-end tests: makes their Python, or says at the end why they did not run. */
import type { TestProject } from 'vitest/node';
import { makeTestPython, type TestPython } from './python-environment.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    testPython: TestPython;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const testPython = await makeTestPython((line) => console.log(line));
  if (!testPython.available && process.env['CI'] === 'true') {
    throw new Error(`The end-to-end tests must run here, but ${testPython.reason}`);
  }
  project.provide('testPython', testPython);
  return () => {
    if (!testPython.available) console.log(`skipped: all end-to-end tests, because ${testPython.reason}`);
  };
}
