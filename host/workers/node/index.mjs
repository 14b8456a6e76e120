// The same module for `import`.
import worker from './index.js';

export const { serve, WorkerError } = worker;
