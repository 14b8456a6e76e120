// Node's process.
const { process } = globalThis;
export default process;
export const { env, nextTick, hrtime, platform, version, versions, cwd } = process;
