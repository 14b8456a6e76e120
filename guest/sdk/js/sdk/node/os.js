// Node's os, as far as packages need it to begin with. Nothing of the machine is in it.
export const EOL = '\n';
export const devNull = '/dev/null';
export const constants = {
  signals: { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 },
  errno: {},
  priority: {},
};
export const arch = () => process.arch;
export const availableParallelism = () => 1;
export const cpus = () => [];
export const endianness = () => 'LE';
export const homedir = () => '/home/sbx_user1051';
export const hostname = () => 'localhost';
export const loadavg = () => [0, 0, 0];
export const machine = () => process.arch;
export const networkInterfaces = () => ({});
export const platform = () => process.platform;
export const release = () => '';
export const tmpdir = () => '/tmp';
export const type = () => 'Linux';
export const uptime = () => 0;
export const userInfo = () => ({ uid: 993, gid: 990, username: 'sbx_user1051', homedir: homedir(), shell: '/sbin/nologin' });
export const version = () => '';

export default {
  EOL, devNull, constants, arch, availableParallelism, cpus, endianness, homedir, hostname, loadavg, machine, networkInterfaces,
  platform, release, tmpdir, type, uptime, userInfo, version,
};
