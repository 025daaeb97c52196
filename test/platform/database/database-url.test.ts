import pg from 'pg';
import { readDatabaseUrl } from '../../../src/platform/database/database-url.js';
import { VitrineError } from '../../../src/errors.js';

/** Host, port, user, password and database, as the driver reads them. */
function read(url: string): unknown[][] {
  return readDatabaseUrl(url).map((one) => {
    const { host, port, user, password, database } = new pg.Client({ connectionString: one });
    return [host, port, user, password, database];
  });
}

describe('DATABASE_URL', () => {
  it.each([
    ['postgresql://u:p@h/x', [['h', 5432, 'u', 'p', 'x']]],
    ['postgres://u:p%40%2F@h:6000/x?sslmode=disable', [['h', 6000, 'u', 'p@/', 'x']]],
    [
      'postgresql://u:p@h1,h2/x',
      [
        ['h1', 5432, 'u', 'p', 'x'],
        ['h2', 5432, 'u', 'p', 'x'],
      ],
    ],
    [
      'postgresql://u:p@h1:6001,[::1]:6002,127.0.0.1/x?target_session_attrs=read-write',
      [
        ['h1', 6001, 'u', 'p', 'x'],
        ['::1', 6002, 'u', 'p', 'x'],
        ['127.0.0.1', 5432, 'u', 'p', 'x'],
      ],
    ],
    [
      'postgresql://u:p@localhost/x?host=h1,/run/pg&port=6001,6002',
      [
        ['h1', 6001, 'u', 'p', 'x'],
        ['/run/pg', 6002, 'u', 'p', 'x'],
      ],
    ],
    [
      'postgresql://u:p@/x?host=h1,h2&port=7000',
      [
        ['h1', 7000, 'u', 'p', 'x'],
        ['h2', 7000, 'u', 'p', 'x'],
      ],
    ],
    ['postgresql://u:p@%2Frun%2Fpg/x', [['/run/pg', 5432, 'u', 'p', 'x']]],
  ])('%s', (url, expected) => expect(read(url)).toEqual(expected));

  it.each([
    'mysql://u:M4RKER@h/x',
    'postgresql://u:M4RKER@h:99999/x',
    'postgresql://u:M4RKER@h1,/x',
    'postgresql://u:M4RKER@h1,h2:0/x',
    'postgresql://u:M4RKER@h:port/x',
    'postgresql://u:M4/RKER@h/x',
    'postgresql://u:M4RKER#@h/x',
    'postgresql://u:M4RKER@[::1/x',
    'postgresql://u:M4RKER@h1,h2/x?port=1,2,3&host=a,b',
    'postgresql://u:M4RKER@h/x?target_session_attrs=standby',
    'postgresql://u:M4RKER@h/x?sslrootcert=/no/such/file',
    'postgresql://u:M4RKER%@h%zz/x',
    'postgresql://u:M4RKER%E0%A4@h/x',
  ])('%s is refused without being shown', (url) => {
    let refused: unknown;
    try {
      readDatabaseUrl(url);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(VitrineError);
    expect(refused).toMatchObject({ code: 'CONFIG_INVALID', field: 'DATABASE_URL' });
    expect(`${(refused as Error).stack}${JSON.stringify(refused)}`).not.toMatch(/M4|RKER/);
  });
});
