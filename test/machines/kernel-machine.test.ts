import { describe, test } from 'vitest';
import { lives } from './scenarios/lives.ts';

for (const [phase, scenarios] of Object.entries(lives)) {
  describe(phase, () => {
    for (const [title, run] of Object.entries(scenarios)) test(title, run);
  });
}
