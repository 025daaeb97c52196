/** Milliseconds of computing of this process so far: on a busy machine, the clock says nothing about the work. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
