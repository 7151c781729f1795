import { readdir } from 'node:fs/promises';
import type { LocalProvisioner } from '../../../src/adapters/local/local-provisioner.ts';
import { processesWith } from '../../../src/adapters/local/process-identity.ts';
import { describeProvisioner } from '../../machines/provisioner-contract.ts';
import { gone, killGroup, planOf, startProvisioner } from './local-kernels.ts';

/**
 * The shell itself stays, with the connection file, and by that the kernel's id, among its words. It starts no
 * other process: one that is killed together with it may be seen a moment longer.
 */
const SCRIPTS = { runs: 'kill -STOP $$', 'ends at once': 'exit 3' };
const OPTIONS = { persistenceRoot: '/somewhere' };

describeProvisioner(async () => {
  const { provisioner, runtimeDir } = await startProvisioner(OPTIONS);
  const successors: LocalProvisioner[] = [];
  return {
    provisioner,
    planOf: (life) => planOf(SCRIPTS[life], { words: ['{connection_file}'] }),
    successorFor: async ({ kernelId }) => {
      const successor = await startProvisioner({ ...OPTIONS, runtimeDir, adoptable: [kernelId] });
      successors.push(successor.provisioner);
      return successor.provisioner;
    },
    end: async ({ kernelId }, pod) => {
      killGroup(pod);
      await gone(pod.pid as number);
      for (const successor of successors) await successor.examine(kernelId);
    },
    leftOf: async ({ kernelId }) => {
      const files = await readdir(runtimeDir, { recursive: true });
      const pids = await processesWith(kernelId);
      return [...files.filter((file) => file.includes(kernelId)), ...pids.map((pid) => `process ${pid}`)];
    },
  };
});
