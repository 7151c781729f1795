/** What happens in a kernel's life, by the title that says so. The tests run them; so does the account of transitions. */
export type Scenarios = Record<string, () => Promise<void>>;
