import { describeProvisioner } from '../../machines/provisioner-contract.ts';
import { answer, begin, envOf, exits, planAlone, planInTeam, runs } from './provisioner-under-test.ts';

describeProvisioner(async () => {
  const subject = await begin();
  const { cluster, provisioner, listener } = subject;
  cluster.onPod = (pod) => {
    const { name, namespace = '' } = pod.metadata;
    if (envOf(pod)['KERNEL_LIFE'] === 'ends at once') return exits(cluster, { name, namespace }, 3);
    runs(cluster, { name, namespace });
    void answer(listener, pod);
  };
  return {
    provisioner,
    planOf: (life) => planInTeam({}, { KERNEL_LIFE: life }),
    planAlone,
    successorFor: async () => (await begin(cluster)).provisioner,
    end: async (_, { name, namespace, uid }) => {
      const present = cluster.objectOf({ kind: 'Pod', name, namespace: namespace ?? undefined });
      if (present?.metadata.uid === uid) exits(cluster, { name, namespace }, 3);
    },
    leftOf: async ({ kernelId }) => cluster.leftOf(kernelId),
  };
});
