/** Writes the charts in src/machines/README.md anew: `node src/server/timeline/write-charts.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withCharts } from '../../machines/chart-embedding.ts';
import { charts } from './charts.ts';

const readme = new URL('../../machines/README.md', import.meta.url);
writeFileSync(readme, withCharts(readFileSync(readme, 'utf8'), charts));
