/** Python kernels that the gateway offers of its own accord. */
import { launchTargetOf, processProxyOf } from '../../machines/launch-target.ts';
import type { KernelSpec } from '../../machines/ports.ts';
import { type ResolveArgvOptions, resolveArgv } from './argv-resolver.ts';
import { listResources } from './kernelspec-resources.ts';
import type { KernelspecStore } from './kernelspec-store.ts';
import {
  ensurePythonEnvironment,
  type PythonEnvironmentOptions,
  type PythonEnvironmentResult,
} from './python-environment.ts';
import type { PythonInfo } from './python-probe.ts';

/** The name under which Jupyter's clients expect a Python kernel. */
export const NATIVE_KERNEL_NAME = 'python3';

/**
 * The kernelspec of a Python that can import ipykernel but has no kernelspec
 * installed for it; null when it cannot.
 */
export async function nativeKernel(python: PythonInfo | null): Promise<KernelSpec | null> {
  if (!python?.ipykernelResources) return null;
  return {
    name: NATIVE_KERNEL_NAME,
    directoryName: NATIVE_KERNEL_NAME,
    resourceDir: python.ipykernelResources,
    spec: {
      argv: [python.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
      display_name: `Python ${python.version.major} (ipykernel)`,
      language: 'python',
      env: {},
      metadata: { debugger: true },
      interrupt_mode: 'signal',
    },
    resources: await listResources(python.ipykernelResources),
  };
}

/**
 * The interpreter that a bare `python` in a kernelspec stands for when it lies
 * in no environment: the machine's Python, or that of the kernel `python3` when
 * only that one has ipykernel.
 */
export async function kernelPython(
  store: Pick<KernelspecStore, 'get'>,
  python: PythonInfo | null,
): Promise<string | null> {
  const usual = python?.executable ?? null;
  if (python?.ipykernelResources) return usual;
  const offered = await store.get(NATIVE_KERNEL_NAME);
  if (offered === null || !isLocal(offered)) return usual;
  const [program] = await resolveArgv(offered, { searchPath: undefined }).catch(() => []);
  return program ?? usual;
}

/** Whether a kernelspec's kernel is a process of the gateway's own machine: it names no other kind of launch. */
export function isLocal(kernelspec: KernelSpec): boolean {
  return launchTargetOf(processProxyOf(kernelspec).className) === 'local';
}

/** Whether one of the kernelspecs is for Python and its interpreter is there to start it on this machine. */
export async function hasPythonKernel(
  specs: readonly KernelSpec[],
  options: ResolveArgvOptions,
): Promise<boolean> {
  const python = specs.filter((spec) => spec.spec.language.toLowerCase() === 'python' && isLocal(spec));
  const startable = await Promise.all(python.map((spec) => canStart(spec, options)));
  return startable.includes(true);
}

async function canStart(spec: KernelSpec, options: ResolveArgvOptions): Promise<boolean> {
  return resolveArgv(spec, options).then(
    () => true,
    () => false,
  );
}

/**
 * Sees to it that a Python kernel is on offer: when the store has none that
 * can be started here, makes the private environment and adds its kernelspec
 * directory, after all others. It goes before them only where a `python3` that
 * cannot be used (broken file, interpreter gone) would hide it. Never rejects;
 * null when nothing had to be done.
 */
export async function offerPythonKernel(
  store: KernelspecStore,
  options: PythonEnvironmentOptions,
): Promise<PythonEnvironmentResult | null> {
  const launch = { searchPath: (options.env ?? process.env)['PATH'], python: options.python?.executable };
  if (await hasPythonKernel(await store.list(), launch)) return null;
  const result = await ensurePythonEnvironment(options);
  if (!result.ok) return result;
  store.addKernelDir(result.kernelDir, 'last');
  const offered = await store.get(NATIVE_KERNEL_NAME);
  const hidden = offered === null || (isLocal(offered) && !(await canStart(offered, launch)));
  if (hidden) store.addKernelDir(result.kernelDir, 'first');
  return result;
}
