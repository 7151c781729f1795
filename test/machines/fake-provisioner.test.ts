import { randomUUID } from 'node:crypto';
import { FakePorts, FakeWorld } from './fake-ports.ts';
import { describeProvisioner } from './provisioner-contract.ts';
import { planOf } from './samples.ts';

/** Ports behind which nothing goes wrong, and nothing has to be waited for. */
function smoothPorts(world: FakeWorld): FakePorts {
  const ports = new FakePorts(world);
  ports.calls.answerAll();
  return ports;
}

describeProvisioner(async () => {
  const world = new FakeWorld();
  return {
    provisioner: smoothPorts(world).provisioner,
    planOf: (life) => {
      const plan = planOf({ kernelId: randomUUID() });
      if (life === 'ends at once') world.shortLived.add(plan.kernelId);
      return plan;
    },
    successorFor: async () => smoothPorts(world).provisioner,
    end: async ({ kernelId }, { uid }) => world.endPod(kernelId, uid),
    leftOf: async ({ kernelId }) => world.held(kernelId).filter((what) => what !== 'pod events'),
  };
});
