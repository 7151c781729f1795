import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PythonEnvironmentOptions } from '../../../src/adapters/kernelspecs/python-environment.ts';
import { ANSWER, type PythonInfo } from '../../../src/adapters/kernelspecs/python-probe.ts';
import { script, temporaryDir, write } from './fixtures.ts';

interface Behaviour {
  /** Shell lines that run when `-m venv` is asked for, before it succeeds. */
  venv?: string;
  /** The same for `-m pip install`. */
  pip?: string;
  /** The same for trying out what was installed. */
  check?: string;
}

/**
 * A Python 3.11 of shell scripts, alone on its PATH: it makes "environments",
 * "installs" ipykernel into them, and writes down what it was asked to do.
 */
export async function fakePython() {
  const root = await temporaryDir();
  const bin = join(root, 'bin');
  const project = join(root, 'project');
  const log = join(root, 'calls.txt');
  const requirementsFile = join(root, 'requirements.txt');
  await write(requirementsFile, 'ipykernel==1\n');
  const env: NodeJS.ProcessEnv & { PATH: string } = { PATH: bin };
  const progress: string[] = [];

  const setBehaviour = async (behaviour: Behaviour) => {
    await script(join(root, 'on-venv'), behaviour.venv ?? '');
    await script(join(root, 'on-pip'), behaviour.pip ?? '');
    await script(join(root, 'on-check'), behaviour.check ?? '');
  };
  const put = async (command: string, minor: number): Promise<PythonInfo> => {
    const executable = join(bin, command);
    const info: PythonInfo = {
      executable,
      prefix: root,
      basePrefix: root,
      version: { major: 3, minor, micro: 2 },
      userBase: null,
      ownsPrefix: true,
      ipykernelResources: null,
    };
    await script(executable, pythonScript(root, info));
    return info;
  };
  const options = (): PythonEnvironmentOptions & { python: PythonInfo } => ({
    python,
    env,
    platform: 'linux',
    projectDir: project,
    dataDir: join(root, 'data'),
    requirementsFile,
    progress: (text) => progress.push(text),
  });
  const calls = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean);

  await setBehaviour({});
  await script(join(root, 'python-of-environment'), pythonOfEnvironment(root));
  const python = await put('python3', 11);
  return { root, bin, env, project, requirementsFile, python, progress, put, options, calls, setBehaviour };
}

function pythonScript(root: string, info: PythonInfo): string {
  return `
if [ "$1" = -c ]; then echo '${ANSWER}${JSON.stringify(info)}'; exit; fi
echo "venv with $0" >> ${root}/calls.txt
${root}/on-venv || exit
/bin/mkdir -p "$3/bin"
/bin/cp ${root}/python-of-environment "$3/bin/python"`;
}

function pythonOfEnvironment(root: string): string {
  return `
if [ "$1" = -c ]; then exec ${root}/on-check; fi
echo "pip index=$PIP_INDEX_URL proxy=$HTTPS_PROXY user=$PIP_USER path=$PYTHONPATH" >> ${root}/calls.txt
echo "Collecting ipykernel==1 (from -r requirements.txt)"
${root}/on-pip || exit
kernel="\${0%/bin/python}/share/jupyter/kernels/python3"
/bin/mkdir -p "$kernel"
echo '{"argv": ["python"], "language": "python"}' > "$kernel/kernel.json"`;
}
