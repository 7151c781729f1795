/** What the suite asks of Docker itself. */
import { runCommand } from './run-command.ts';

/** Whether there is a Docker that answers. */
export async function dockerRuns(): Promise<boolean> {
  return runCommand('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

export async function buildInDocker(tag: string, context: string, buildArgs: string[]): Promise<void> {
  const args = buildArgs.flatMap((arg) => ['--build-arg', arg]);
  await runCommand('docker', ['build', '--quiet', '-t', tag, ...args, context]);
}

/** Address of this machine in the network of a container; pods inside of it reach it too. */
export function addressOfHost(container: string): Promise<string> {
  return networkFact(container, 'Gateway');
}

export function addressOfContainer(container: string): Promise<string> {
  return networkFact(container, 'IPAddress');
}

async function networkFact(container: string, fact: string): Promise<string> {
  const template = `{{range .NetworkSettings.Networks}}{{.${fact}}} {{end}}`;
  const [address = ''] = (await runCommand('docker', ['inspect', '-f', template, container]))
    .trim()
    .split(' ');
  if (address === '') throw new Error(`the container ${container} has no ${fact} in a network`);
  return address;
}
