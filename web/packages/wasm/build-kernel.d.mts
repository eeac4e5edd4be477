/** The module that carries the kernel, as it is written. */
export function kernelModule(): Promise<string>;
