// The smallest worker: gives back what it is given. `node echo.mjs`, started by the host.
import { once } from 'node:events';
import { serve, WorkerError } from './index.mjs';

serve({
  name: 'echo',
  version: '1.0',
  methods: {
    Echo: (args) => args,

    async Add({ a, b }) {
      if (!Number.isInteger(a) || !Number.isInteger(b)) throw new WorkerError('INVALID', '`a` and `b` are whole numbers');
      return a + b;
    },

    /** Runs until nobody waits for it. */
    async Wait(_, { signal }) {
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    },

    Print(args) {
      console.log('printed: %s', JSON.stringify(args));
    },
  },
});
