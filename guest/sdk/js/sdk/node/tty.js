// Node's tty: nothing of a resolver is a terminal.
export const isatty = () => false;
export default { isatty };
