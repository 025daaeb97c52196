import { type FileHandle, open } from 'node:fs/promises';

/** A file that is read in pieces, in order, of numbers in big-endian order. */
export class FileBytes {
  readonly byteSize: number;
  /** Where the next piece begins. */
  at = 0;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, byteSize: number) {
    this.#file = file;
    this.byteSize = byteSize;
  }

  static async in<T>(filePath: string, work: (bytes: FileBytes) => Promise<T>): Promise<T> {
    const file = await open(filePath, 'r');
    try {
      return await work(new FileBytes(file, (await file.stat()).size));
    } finally {
      await file.close();
    }
  }

  /** Throws Error where the file ends before. */
  async take(length: number): Promise<Buffer> {
    if (!(length >= 0 && this.at + length <= this.byteSize)) throw new Error('unexpected end of file');
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, this.at + done);
      if (bytesRead === 0) throw new Error('unexpected end of file');
      done += bytesRead;
    }
    this.at += length;
    return bytes;
  }

  /** @param byteSize 1 to 8; what does not fit into a number is beyond the end of any file */
  async number(byteSize: number): Promise<number> {
    const bytes = await this.take(byteSize);
    return byteSize === 8 ? Number(bytes.readBigUInt64BE()) : bytes.readUIntBE(0, byteSize);
  }
}
