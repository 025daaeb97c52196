import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** @param note what stands behind the bar, such as the name of the file */
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

/** A bar on a terminal, a line every tenth otherwise. Both on standard error, so that results can be piped. */
export function showProgress(label: string): Progress {
  if (!process.stderr.isTTY) {
    let told = -1;
    return {
      update(done, total) {
        const tenth = total === 0 ? 0 : Math.floor((done / total) * 10);
        if (tenth === told) return;
        told = tenth;
        process.stderr.write(`${label} ${done}/${total}\n`);
      },
      stop() {},
    };
  }
  const bar = new SingleBar(
    {
      format: `${label} {bar} {value}/{total}  {rate}/s  {eta_formatted} left`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: false,
    },
    Presets.shades_classic,
  );
  const started = Date.now();
  bar.start(1, 0, { rate: '-' });
  return {
    update(done, total) {
      bar.setTotal(Math.max(total, 1));
      bar.update(done, { rate: (done / Math.max(0.001, (Date.now() - started) / 1000)).toFixed(0) });
    },
    stop() {
      bar.stop();
    },
  };
}
