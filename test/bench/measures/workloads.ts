/** What is sent through the gateway. */
export type WorkloadName = 'roundtrip' | 'stream' | 'data' | 'buffers';

export interface Workload {
  name: WorkloadName;
  title: string;
  unit: 'ms' | 'messages/s' | 'MB/s';
  /** Round trips, or messages of one flood, in each round. */
  count: number;
  /** Code for the synthetic kernel; null for round trips. */
  code: string | null;
}

export function workloads(quick: boolean): Workload[] {
  const [trips, lines, texts, buffers] = quick ? [100, 10_000, 200, 50] : [300, 20_000, 1000, 200];
  return [
    { name: 'roundtrip', title: 'execute round trip', unit: 'ms', count: trips, code: null },
    {
      name: 'stream',
      title: 'stream messages of 80 characters',
      unit: 'messages/s',
      count: lines,
      code: `stream ${lines} 80`,
    },
    { name: 'data', title: 'messages of 100 kB', unit: 'MB/s', count: texts, code: `data ${texts} 100000` },
    {
      name: 'buffers',
      title: 'messages with a buffer of 1 MB',
      unit: 'MB/s',
      count: buffers,
      code: `buffers ${buffers} 1000000`,
    },
  ];
}
