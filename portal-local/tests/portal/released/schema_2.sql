-- A database of schema version 2 with rows in every table. Never change it: it stands for the files of users.

PRAGMA foreign_keys = OFF;
PRAGMA application_id = 0x50744462;
PRAGMA user_version = 2;

BEGIN TRANSACTION;
CREATE TABLE actor_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor        TEXT NOT NULL,
    -- The lifetime of the session that the token begins.
    session_secs INTEGER NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "actor_tokens" VALUES('act_3Ouil8Rneh9axseRDfmGEgJiJp3','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','{"sub":"user_368G82YtxGmhSU30yOhO7A5Q1II"}',1800,X'F1ACAC8C3D14A6809F1552B7E856B30D6E61A52B561CEC9AFC69B85C7547B0D7','pending',1800003600000,1800000000000,1800000000000);
CREATE TABLE application_invitations (
    id              TEXT PRIMARY KEY,
    address         TEXT NOT NULL,
    address_norm    TEXT NOT NULL,
    ticket_hash     BLOB NOT NULL UNIQUE,
    redirect_url    TEXT,
    public_metadata TEXT NOT NULL,
    status          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "application_invitations" VALUES('inv_3Ouil3Lj2VsdvZt2VTvcdlrNaCD','new@example.com','new@example.com',X'B1A31812028E329A9D2E4986694912DAF4D8BDA4CD655ABDCF31645F937B6E6D',NULL,'{"a":1}','pending',1802592000000,1800000000000,1800000000000);
CREATE TABLE backup_codes (
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;
INSERT INTO "backup_codes" VALUES('user_368G82YtxGmhSU30yOhO7A5Q1II',X'029CDE5B3DF6360883184CBAA4DAA12E4237F839E80231FED98B61020631E6E5');
INSERT INTO "backup_codes" VALUES('user_368G82YtxGmhSU30yOhO7A5Q1II',X'77AE0ABFC5379D679DE00D078E7CBD2E2C539CC20418DCC5F05BC156915885E8');
CREATE TABLE clients (
    id                     TEXT PRIMARY KEY,
    last_active_session_id TEXT REFERENCES sessions (id) ON DELETE SET NULL,
    sign_in_id             TEXT REFERENCES sign_ins (id) ON DELETE SET NULL,
    sign_up_id             TEXT REFERENCES sign_ups (id) ON DELETE SET NULL,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL
) STRICT;
INSERT INTO "clients" VALUES('client_3Ouil4DDIIX8K8GEcJ0SfryHVlj','sess_3OuilAoVs5vM8POR6LoKi5TAfAV','sia_3Ouil3MELPzkbehZ6Idt7PAsJUa',NULL,1800000000000,1800000000000);
INSERT INTO "clients" VALUES('client_3Ouil5Vd0ewNZ0esnl73S0iHVHo','sess_3Ouil4FBasC4INaCGPJnxR1hIA1','sia_3Ouil7792yVxEXfD9eVfnluwSfs',NULL,1800000000000,1800000000000);
INSERT INTO "clients" VALUES('client_3Ouil58gHOr9W8DwGQYXLy2XbOu','sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z','sia_3Ouil9GPqulRwVN8gQ14gRXui3k',NULL,1800000000000,1800000000000);
INSERT INTO "clients" VALUES('client_3OuilA1x2M1jUkqLa2AgwFgMRGi','sess_3Ouil7UVTB7BTTWZsYcZyjFJzsG',NULL,'sua_3Ouil3popUgnLPXIqc2bBmNDu8o',1800000000000,1800000000000);
INSERT INTO "clients" VALUES('client_3Ouil3RAaRvhwMepSC8XFYSmmKT',NULL,NULL,'sua_3Ouil5tgND0bOODXnuvp0dVj3T6',1800000000000,1800000000000);
CREATE TABLE code_limits (
    address_norm TEXT PRIMARY KEY,
    wrong        INTEGER NOT NULL,
    locked_until INTEGER,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "code_limits" VALUES('later@example.com',1,NULL,1800000000000);
CREATE TABLE dev_browsers (
    id          TEXT PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,
    client_id   TEXT REFERENCES clients (id) ON DELETE SET NULL,
    home_origin TEXT,
    created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil9RiDOcvbwCfgkNOH4J52xK',X'71FD1CBB774E2B9AA815EF1E633CA63352162BAEE3C213ABD83D4174BD59E577','client_3Ouil4DDIIX8K8GEcJ0SfryHVlj','http://localhost:3000',1800000000000);
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil5qqbP3SkZJEZuZ5qvvKpCl',X'59E3D3AF17AE77ED3AEA72DA8F8001EB4FCAF75A8E9E8F3115345302D3952563','client_3Ouil5Vd0ewNZ0esnl73S0iHVHo','http://localhost:3000',1800000000000);
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil73fAdzs5urgPWvlhhWEwo6',X'987723610028D67DBE42831956ABA0046362E2F6A40712ED35E5F21296E6BA97','client_3Ouil58gHOr9W8DwGQYXLy2XbOu','http://localhost:3000',1800000000000);
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil4PktsEuqJlpusMr1PuvyTc',X'5C46B17846E53A5A6F93BEDB5086D087EB53303F39B9F99C8D2877EF4AF3608E','client_3OuilA1x2M1jUkqLa2AgwFgMRGi','http://localhost:3000',1800000000000);
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil4yI7a9jw5x0NhC59EAA1nO',X'E1D8E17D881A424578C41E71B8EBEAF28368FF7FBB0E3D55EF094C10E045A57B',NULL,'http://localhost:3000',1800000000000);
INSERT INTO "dev_browsers" VALUES('dvb_3Ouil4Vb41qJhEdl2gc2zMmKMLQ',X'D21E886AADB45E8DBFCF804309A369ED90FAB37E6940BF02D588535B635D855F','client_3Ouil3RAaRvhwMepSC8XFYSmmKT','http://localhost:3000',1800000000000);
CREATE TABLE email_addresses (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address      TEXT NOT NULL,
    address_norm TEXT NOT NULL,
    verified_at  INTEGER,
    strategy     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "email_addresses" VALUES('idn_3Ouil7LfW4E3CPQ2fRHGbrdQf40','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','jane+clerk_test@example.com','jane+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil3eSaeFQGsIjq3oTAOYd7cC','user_KaZGAb28T4tWwURqwhxb2J3I8kE','joe+clerk_test@example.com','joe+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3OuilA6J5t54hj52YsiQVnhH0R9','user_B4mXQzVcArjvHNicnO6Bsd4bNVP','solo+clerk_test@example.com','solo+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil5vytf4MAMt0trmYNm2nMuV','user_EEXKc6uS2lB21ajPxU45v42wItm','code+clerk_test@example.com','code+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil5zru2XiiQtIietdcEpDhoZ','user_QRpjQvVbm7mRCFBLpWqE2qMEDsC','leaked+clerk_test@example.com','leaked+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil4qWM9IBEzUsQUNHVnTprHm','user_368G82YtxGmhSU30yOhO7A5Q1II','totp+clerk_test@example.com','totp+clerk_test@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil3OjsJerCc4RbUnlmClNYQX','user_3Ouil97N1jaxN8d9fkSx5zv9chm','real@example.com','real@example.com',1800000000000,'admin',1800000000000,1800000000000);
INSERT INTO "email_addresses" VALUES('idn_3Ouil4yHPZvzEZTK1pl4bSj5Xpn','user_3OuilApvhOxX0nzJiwhU8i2inxW','pat@example.org','pat@example.org',1800000000000,'from_oauth_custom_example',1800000000000,1800000000000);
CREATE TABLE external_accounts (
    id                     TEXT PRIMARY KEY,
    identification_id      TEXT NOT NULL,
    user_id                TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_user_id       TEXT NOT NULL UNIQUE,
    email_address          TEXT NOT NULL,
    email_address_verified INTEGER NOT NULL,
    first_name             TEXT,
    last_name              TEXT,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL
) STRICT;
INSERT INTO "external_accounts" VALUES('eac_3Ouil5BWCCyx7YyPNP4oUIvzcV5','idn_3Ouil4a3us3jJTHjVCeBAtoa0KH','user_3OuilApvhOxX0nzJiwhU8i2inxW','80254a4ba6a41c36e4d7','pat@example.org',1,'Pat','Example',1800000000000,1800000000000);
CREATE TABLE handshake_nonces (
    nonce_hash BLOB PRIMARY KEY,
    directives TEXT NOT NULL,
    expire_at  INTEGER NOT NULL
) STRICT;
INSERT INTO "handshake_nonces" VALUES(X'0573244227C685A343B1993FB1A23E6DF91FB67F4A18D61AFB416588D34C7F04','["__clerk_db_jwt=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJkZXZfYnJvd3NlciJ9.eyJkZXYiOiJkdmJfM091aWw3M2ZBZHpzNXVyZ1BXdmxoaFdFd282In0.t-QWRwrOtJGksrygJd6sEsfbShxsofUM-0rN3Z6C91kTHraCEwLeTmFVTlKVn-fk8ZcI-XKme27FVEoMCUPi3HoAYSwjbshNjyFujdJ260RzNWp0yqfaNl9_ujxMk3gmEY35hhnwKi9IeXoq5av8O7EIm1NXq48Vcds9C3pQg2Bbd1tcZT3yDwr0uM4oeSkP4dyB72QO7N-M-CCdzICYLaunSJB2wq7CZTBvPU6M_luVsUpymqswkDasmjTtsmjco_lQcQgUdNzQ02KmfW3kszmC2Xt1ConMZpB736QxuBU13h_9XkDAltHWCOc40l8dU7WLOlAJ_T6f06Q3qFMuFA; Path=/; Max-Age=31536000; SameSite=Lax","__clerk_db_jwt_4As4FDvd=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJkZXZfYnJvd3NlciJ9.eyJkZXYiOiJkdmJfM091aWw3M2ZBZHpzNXVyZ1BXdmxoaFdFd282In0.t-QWRwrOtJGksrygJd6sEsfbShxsofUM-0rN3Z6C91kTHraCEwLeTmFVTlKVn-fk8ZcI-XKme27FVEoMCUPi3HoAYSwjbshNjyFujdJ260RzNWp0yqfaNl9_ujxMk3gmEY35hhnwKi9IeXoq5av8O7EIm1NXq48Vcds9C3pQg2Bbd1tcZT3yDwr0uM4oeSkP4dyB72QO7N-M-CCdzICYLaunSJB2wq7CZTBvPU6M_luVsUpymqswkDasmjTtsmjco_lQcQgUdNzQ02KmfW3kszmC2Xt1ConMZpB736QxuBU13h_9XkDAltHWCOc40l8dU7WLOlAJ_T6f06Q3qFMuFA; Path=/; Max-Age=31536000; SameSite=Lax","__clerk_db_jwt_vZODKBP9=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJkZXZfYnJvd3NlciJ9.eyJkZXYiOiJkdmJfM091aWw3M2ZBZHpzNXVyZ1BXdmxoaFdFd282In0.t-QWRwrOtJGksrygJd6sEsfbShxsofUM-0rN3Z6C91kTHraCEwLeTmFVTlKVn-fk8ZcI-XKme27FVEoMCUPi3HoAYSwjbshNjyFujdJ260RzNWp0yqfaNl9_ujxMk3gmEY35hhnwKi9IeXoq5av8O7EIm1NXq48Vcds9C3pQg2Bbd1tcZT3yDwr0uM4oeSkP4dyB72QO7N-M-CCdzICYLaunSJB2wq7CZTBvPU6M_luVsUpymqswkDasmjTtsmjco_lQcQgUdNzQ02KmfW3kszmC2Xt1ConMZpB736QxuBU13h_9XkDAltHWCOc40l8dU7WLOlAJ_T6f06Q3qFMuFA; Path=/; Max-Age=31536000; SameSite=Lax","__client_uat=1800000000; Path=/; Max-Age=31536000; SameSite=Lax","__client_uat_4As4FDvd=1800000000; Path=/; Max-Age=31536000; SameSite=Lax","__client_uat_vZODKBP9=1800000000; Path=/; Max-Age=31536000; SameSite=Lax","__refresh_4As4FDvd=Z-XCbbK6LTn_Epd563fU-y9J88b-tN1UXG1miPRGQL8; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax","__refresh_vZODKBP9=Z-XCbbK6LTn_Epd563fU-y9J88b-tN1UXG1miPRGQL8; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax","__session=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJjbF9CN2Q0UEQxMTFBQUEifQ.eyJhenAiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAiLCJleHAiOjE4MDAwMDAwNjAsImZ2YSI6WzAsLTFdLCJpYXQiOjE4MDAwMDAwMDAsImlzcyI6Imh0dHA6Ly8xMjcuMC4wLjE6NDI3NjUvYWNjb3VudHMuZGV2IiwianRpIjoiNWUzOTQxYjRmOWUwYzdiMTU4MjQiLCJuYmYiOjE3OTk5OTk5OTAsInNpZCI6InNlc3NfM091aWw1NFh1OE9TcVIxd05mTnJOTjlVczF6Iiwic3RzIjoiYWN0aXZlIiwic3ViIjoidXNlcl9NWUZkMkpCOURYV2ZUT3JEcXJDZWk1eTIwVWkiLCJ2IjoyfQ.qBQu2fJBzvrrquJYwdI6eCrqfipUlZWX3Atfxe00pmJB-8alBBLvNEdfX4_4M7Xtatsab_VV6W4WRHdoZadlNAwyLNFMIvLPEb0iCI-gzjqnUCcntDIolTRxSQ4MtDizLOHuZ9V-dklHFYKGo6G6cF-17lDZPORIGGbiHJuUAh6dhv06o3S0sGAElBPcG359LGIWf0aC6Z7p0tXX741WPcDqRX8XIfcz_AShJoCPk-iAoLn3vH62raLH5ggCbiwJvcgaLInjlL1T13bKbG37XxjlIelbAVcmLxD94Xf_uBcPaM5UPMLcHovGuKqU-7OhDWZKsAcHusrFbWejTLp9Jg; Path=/; Max-Age=31536000; SameSite=Lax","__session_4As4FDvd=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJjbF9CN2Q0UEQxMTFBQUEifQ.eyJhenAiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAiLCJleHAiOjE4MDAwMDAwNjAsImZ2YSI6WzAsLTFdLCJpYXQiOjE4MDAwMDAwMDAsImlzcyI6Imh0dHA6Ly8xMjcuMC4wLjE6NDI3NjUvYWNjb3VudHMuZGV2IiwianRpIjoiNWUzOTQxYjRmOWUwYzdiMTU4MjQiLCJuYmYiOjE3OTk5OTk5OTAsInNpZCI6InNlc3NfM091aWw1NFh1OE9TcVIxd05mTnJOTjlVczF6Iiwic3RzIjoiYWN0aXZlIiwic3ViIjoidXNlcl9NWUZkMkpCOURYV2ZUT3JEcXJDZWk1eTIwVWkiLCJ2IjoyfQ.qBQu2fJBzvrrquJYwdI6eCrqfipUlZWX3Atfxe00pmJB-8alBBLvNEdfX4_4M7Xtatsab_VV6W4WRHdoZadlNAwyLNFMIvLPEb0iCI-gzjqnUCcntDIolTRxSQ4MtDizLOHuZ9V-dklHFYKGo6G6cF-17lDZPORIGGbiHJuUAh6dhv06o3S0sGAElBPcG359LGIWf0aC6Z7p0tXX741WPcDqRX8XIfcz_AShJoCPk-iAoLn3vH62raLH5ggCbiwJvcgaLInjlL1T13bKbG37XxjlIelbAVcmLxD94Xf_uBcPaM5UPMLcHovGuKqU-7OhDWZKsAcHusrFbWejTLp9Jg; Path=/; Max-Age=31536000; SameSite=Lax","__session_vZODKBP9=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Imluc18zT3VpbDZ4WkxMY2xNNllzSHowa0dJemRNQVkiLCJjYXQiOiJjbF9CN2Q0UEQxMTFBQUEifQ.eyJhenAiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAiLCJleHAiOjE4MDAwMDAwNjAsImZ2YSI6WzAsLTFdLCJpYXQiOjE4MDAwMDAwMDAsImlzcyI6Imh0dHA6Ly8xMjcuMC4wLjE6NDI3NjUvYWNjb3VudHMuZGV2IiwianRpIjoiNWUzOTQxYjRmOWUwYzdiMTU4MjQiLCJuYmYiOjE3OTk5OTk5OTAsInNpZCI6InNlc3NfM091aWw1NFh1OE9TcVIxd05mTnJOTjlVczF6Iiwic3RzIjoiYWN0aXZlIiwic3ViIjoidXNlcl9NWUZkMkpCOURYV2ZUT3JEcXJDZWk1eTIwVWkiLCJ2IjoyfQ.qBQu2fJBzvrrquJYwdI6eCrqfipUlZWX3Atfxe00pmJB-8alBBLvNEdfX4_4M7Xtatsab_VV6W4WRHdoZadlNAwyLNFMIvLPEb0iCI-gzjqnUCcntDIolTRxSQ4MtDizLOHuZ9V-dklHFYKGo6G6cF-17lDZPORIGGbiHJuUAh6dhv06o3S0sGAElBPcG359LGIWf0aC6Z7p0tXX741WPcDqRX8XIfcz_AShJoCPk-iAoLn3vH62raLH5ggCbiwJvcgaLInjlL1T13bKbG37XxjlIelbAVcmLxD94Xf_uBcPaM5UPMLcHovGuKqU-7OhDWZKsAcHusrFbWejTLp9Jg; Path=/; Max-Age=31536000; SameSite=Lax"]',1800000060000);
CREATE TABLE images (
    id           TEXT PRIMARY KEY,
    owner_id     TEXT NOT NULL UNIQUE,
    content_type TEXT NOT NULL,
    bytes        BLOB NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "images" VALUES('img_3Ouil6dhhImzxBvsWV1QHMn7gQK','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','image/png',X'89504E470D0A1A0A',1800000000000);
CREATE TABLE instance (
    only_row         INTEGER PRIMARY KEY CHECK (only_row = 1),
    id               TEXT NOT NULL,
    secret_key       TEXT NOT NULL,
    -- The ID of the signing key; the instance's own for the first key.
    key_id           TEXT NOT NULL,
    signing_key      BLOB NOT NULL,
    form_key         BLOB NOT NULL,
    settings         TEXT NOT NULL DEFAULT '{}',
    created_at       INTEGER NOT NULL
, webhook_secret TEXT) STRICT;
INSERT INTO "instance" VALUES(1,'ins_3Ouil6xZLLclM6YsHz0kGIzdMAY','sk_test_of_schema_2','ins_3Ouil6xZLLclM6YsHz0kGIzdMAY',X'308204BD020100300D06092A864886F70D0101010500048204A7308204A30201000282010100D80C2A4F166CD29EE02E446776D5257BCD4097F3B6A14F15303C3E588AC591D956E18C37E9BC1E48916E06AA5C30085ABC97B25871E228AA3A41C83D99CD0106D86C0D2827E31E5528D1FFF2E3A57CF1CA2687C4C2064E322D5DB2C2432EAB8D879912443D3540539B11D5F136996107598BFFEE4DE76115DEF76D81D95B4457C930DA2D3D2500115B4789AD6037169635D3AF09C87A4163F06B20FAE030A43B07FCDE0C934C4275976A0085E91657F058F4E7837ED6A2CDF4E5C2905C3FA827604FFB83103A9088DF73B1139D578EC1198D833FDD1AF352B479A973E8028B394F644BEAF968943D8665051EA1BF15E2DA4A6C46006DCEE9917857265D893CC902030100010282010003D06B2ACC458D8E5A7CD69E50FDC054A831FCBCC3BBA34EC77438D18D59A19289B31FAB9907C62D17CC2E77F17AB39B0E7B4B1DBE9CF484D4D4767987EE939710590FFE667DDEFA37E745327F8C5B6155654ABE518294FCD3CA34AEB34AEEA268036ECC1F9C820F37CC9FCF4B5C77D70E60A75B08AB0E0EB9C9FA77F16368187055905F16E3F7A47FDC37CAE74561FE2309C3F1737FE2F1B63EFF1A57E6CF7010B87544C596C33139EB8A67B06C57B2C6CE8CEA8CA7B2BA3459AE81D4752C1BAC178F62920EA10E123F641364E2EA8FD8824486B60E8822CC71156F1437F9793908A647F9363033F9971ED560EE8ECD822810501DB89B9BEB3B84A2A83F440102818100FAFF6BB6335CE0936CCA02B7565AF7EB2B428E4FED41C0DA0D7FA0327B3BEA221318C1BDD33C2CDEC20BCEB559206CAE9548CCCD689483B4D598983A0B6CCDB97A512DDE4A18B37F4538247B7F1199973A0641694B479521218F1156848E87424816640D9F17877D9168C77918D28005C8FA0A8594E523190A85F207CB7D5A8102818100DC5A6E1962F00DB00BFB0F3B4787517181A09ECC1F841352F8AB09E3D4701DB15EFB1FCC0417E07D2468F6E87F234031F166B07BC4C77530C7B4F7FF5E194F82DFBFA35A8DAA94165E63BF4F8D7FD43F8A89E791682CB7115CF45B73FA902F113F172F31C40B42B39CAE4349FBFE90FB2B1335AE44DFC6787FFDB56610676E4902818100CBA04C1214B954B84599DD7A3F64AD9CEC0BA2C8D502732273B10695EDC43DBE471FDE8DD1C10FE5E8270C1BB3A2CA89183367737D547F4545C3F63BA0E9343D352E86B7C0052A1A265DD5BB1AEB7C5F63838FAD8C9516373AB286AE59FC075F8E7C1BCFB131B589F95DB7F6565CEFDFC19C98CCA66EFE7A623F288B8A5AB8010281806415B2E256FCDFCAB1766411B1C875A68F912BEF5CF5396DBB42BCA83DCA7AC22079019541DAB27D44B764466FD0CC0CA32FD8432F3AC530D5D48DBBF0BAA051BA5D29CE2C8068E8CC10944986E4A3BC04A9E4833804EF55B499CC9C1E17B5392925D7AACBF7AD61356E3563FA5042FBC231E474F61589E91B815A0E34AF35F902818033B26AE95CA2E32B866F2F2A7B3AC479A8FCC88BD62AF6F8BFB8654580C9973D66AD0916888A2169456681BA78CB142366866EAA6638DED26FCCE4A4F3EE8FB649D98E4A3F0931FECD084AFC54FE614394839CB763467310704968ACEC1A0E4E2093DB560A5C2A3BB937C5DB7BB7F893A41B9DBB930C0ADEBD838309AA519EDF',X'0AC67BC9FCDD0EA1DF75F2764EACB431F77102B66EF5623DE48896D224BA4E84','{}',1800000000000,'whsec_jgMDmbevf8XUbi0pUC3ALUuMIRjmJbxF');
CREATE TABLE jwt_templates (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL UNIQUE,
    claims                  TEXT NOT NULL,
    lifetime_secs           INTEGER NOT NULL,
    allowed_clock_skew_secs INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
INSERT INTO "jwt_templates" VALUES('jtmp_3Ouil7fqAHR92qOjZasQ1L5OTin','other','{"email":"{{user.primary_email_address}}"}',60,5,1800000000000,1800000000000);
CREATE TABLE listed_identifiers (
    id            TEXT PRIMARY KEY,
    list          TEXT NOT NULL,
    identifier    TEXT NOT NULL,
    -- Not a reference: the entry outlives its invitation.
    invitation_id TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (list, identifier)
) STRICT;
INSERT INTO "listed_identifiers" VALUES('alid_3Ouil4PqEbfEnBXu3jrr1o3TBvJ','allow','*@example.com',NULL,1800000000000,1800000000000);
CREATE TABLE memberships (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_key         TEXT NOT NULL REFERENCES roles (key),
    public_metadata  TEXT NOT NULL DEFAULT '{}',
    private_metadata TEXT NOT NULL DEFAULT '{}',
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (organization_id, user_id)
) STRICT;
INSERT INTO "memberships" VALUES('orgmem_3Ouil7YsIxcHKT34Zorf48c9Oro','org_5KSQm7mhgiQo0TH4GmLGA9kjOSI','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','org:admin','{}','{}',1800000000000,1800000000000);
INSERT INTO "memberships" VALUES('orgmem_3Ouil64CWOe6ZdoECo5PetFqPkz','org_5KSQm7mhgiQo0TH4GmLGA9kjOSI','user_KaZGAb28T4tWwURqwhxb2J3I8kE','org:member','{}','{}',1800000000000,1800000000000);
CREATE TABLE oauth_attempts (
    state_hash     BLOB PRIMARY KEY,
    dev_browser_id TEXT NOT NULL REFERENCES dev_browsers (id) ON DELETE CASCADE,
    purpose        TEXT NOT NULL,
    -- The user who connects an account; NULL for a sign-in or sign-up.
    user_id        TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- The parameters that the pages carry along.
    query          TEXT NOT NULL,
    -- The provider's data, and the code that fetches it.
    code_hash      BLOB,
    profile        TEXT,
    expire_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "oauth_attempts" VALUES(X'0504C3773AB2ACC52A341ADA74136AC7A46617E01DDC347110190B48A447FD24','dvb_3Ouil4yI7a9jw5x0NhC59EAA1nO','sign_in',NULL,'?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard',NULL,NULL,1800000600000);
CREATE TABLE organization_invitations (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    address          TEXT NOT NULL,
    address_norm     TEXT NOT NULL,
    role_key         TEXT NOT NULL REFERENCES roles (key),
    inviter_id       TEXT REFERENCES users (id) ON DELETE SET NULL,
    ticket_hash      BLOB NOT NULL UNIQUE,
    redirect_url     TEXT,
    public_metadata  TEXT NOT NULL,
    private_metadata TEXT NOT NULL,
    status           TEXT NOT NULL,
    expires_at       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
INSERT INTO "organization_invitations" VALUES('orginv_3Ouil7cKuKJGux0WCu0haHoDWFj','org_5KSQm7mhgiQo0TH4GmLGA9kjOSI','invited@example.com','invited@example.com','org:member',NULL,X'989EA609F96EAA748AF9981DD51B22E1B9751C70A01976C623DE1EAACCEE0F2D',NULL,'{}','{}','pending',1802592000000,1800000000000,1800000000000);
CREATE TABLE organizations (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL,
    slug                    TEXT NOT NULL UNIQUE,
    created_by              TEXT REFERENCES users (id) ON DELETE SET NULL,
    -- 0 is without limit.
    max_allowed_memberships INTEGER NOT NULL,
    admin_delete_enabled    INTEGER NOT NULL DEFAULT 1,
    public_metadata         TEXT NOT NULL DEFAULT '{}',
    private_metadata        TEXT NOT NULL DEFAULT '{}',
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
INSERT INTO "organizations" VALUES('org_5KSQm7mhgiQo0TH4GmLGA9kjOSI','Acme','acme',NULL,5,1,'{}','{}',1800000000000,1800000000000);
CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    code       TEXT,
    link       TEXT,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO "outbox" VALUES('mail_3OuilAWV72EWmZfRyZ150xyRp5W','invited@example.com','organization_invitation','You are invited to join Acme on Acme','Open the link to join Acme on Acme. It is good for 30 days.',NULL,'http://127.0.0.1:42765/v1/tickets/accept?ticket=ndr7tAzM8Ysf1WeQZ7VILX13SxbEmGp29jMPYc1Af5k',1800000000000);
INSERT INTO "outbox" VALUES('mail_3Ouil5Ww7aYyzUZR25OjUq2O0QY','new@example.com','invitation','You are invited to Acme','Open the link to make your account at Acme. It is good for 30 days.',NULL,'http://127.0.0.1:42765/v1/tickets/accept?ticket=8wkfhTbCTcQu0IhjuKNwnGD536cnxf8d6R2cn_sgU7g',1800000000000);
INSERT INTO "outbox" VALUES('mail_3Ouil3QW6AqIiXDEyVDqeRygzQP','wait@example.com','waitlist','You are on the waitlist of Acme','You get an invitation when it is your turn.',NULL,NULL,1800000000000);
INSERT INTO "outbox" VALUES('mail_3OuilAX3mIAEI5kCAwtTR7ZRhc6','real@example.com','new_device','New sign-in to Acme','There was a sign-in to your account at Acme on a new device. If it wasn''t you, open the link.',NULL,'http://127.0.0.1:42765/v1/tickets/accept?ticket=GVcxvQdpn_teEXmoD5e29NWgtB3w1ILyNI7W9-oBJOY',1800000000000);
INSERT INTO "outbox" VALUES('mail_3Ouil3qqiTVyxEbtdeL2f67SiIL','later@example.com','verification_code','388697 is your Acme code','Enter 388697 to continue to Acme. The code is good for ten minutes.','388697',NULL,1800000000000);
CREATE TABLE permissions (
    id   TEXT PRIMARY KEY,
    key  TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;
INSERT INTO "permissions" VALUES('perm_3Ouil7FbqXs9mcw52pZvfJR5qaO','org:sys_profile:manage','Manage organization');
INSERT INTO "permissions" VALUES('perm_3Ouil7GYzqXABj1HTogmb1Yde8T','org:sys_profile:delete','Delete organization');
INSERT INTO "permissions" VALUES('perm_3Ouil6OO1nGYVxcgGelW2u4zpDP','org:sys_memberships:read','Read members');
INSERT INTO "permissions" VALUES('perm_3OuilA15uKhEqH1b0cJYwLzjLEk','org:sys_memberships:manage','Manage members');
INSERT INTO "permissions" VALUES('perm_3Ouil46YAf0AJLKa3DaTrjzAF5N','org:sys_domains:read','Read domains');
INSERT INTO "permissions" VALUES('perm_3OuilAHIdMrAGqPEnbFbZ46b21l','org:sys_domains:manage','Manage domains');
INSERT INTO "permissions" VALUES('perm_3Ouil3QrJIDF10xmdhLlDcOAi8C','org:sys_billing:read','Read billing');
INSERT INTO "permissions" VALUES('perm_3Ouil4DyougoeRPvHiB7WMqQUYS','org:sys_billing:manage','Manage billing');
INSERT INTO "permissions" VALUES('perm_3Ouil7pWfkoPWZ0oQG9mPgcmbn6','org:sys_entconns:manage','Manage enterprise connections');
CREATE TABLE refresh_tokens (
    token_hash    BLOB PRIMARY KEY,
    session_id    TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- 1 for applications that use the cookie suffix of the plain publishable key.
    for_plain_key INTEGER NOT NULL,
    expire_at     INTEGER NOT NULL,
    replaced_at   INTEGER
) STRICT;
INSERT INTO "refresh_tokens" VALUES(X'1C392CD8B5D5AF1FE1F0321B29B785D1ADFBE24B6D3B2D2AF8BE1E943D2F1299','sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z',0,1800604800000,NULL);
INSERT INTO "refresh_tokens" VALUES(X'AEFC9A07FB410C4F28CCEDC9E27A44A745C31B88C53BA98F58833B16A97C5A9F','sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z',1,1800604800000,NULL);
CREATE TABLE revocation_links (
    ticket_hash BLOB PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
) STRICT;
INSERT INTO "revocation_links" VALUES(X'AFD140E2A8D8DC5FC470386517A192B5CB1C730B6CE2B0E7E0C93BD51646B7F4','sess_3Ouil4FBasC4INaCGPJnxR1hIA1',1800604800000);
CREATE TABLE role_permissions (
    role_key       TEXT NOT NULL REFERENCES roles (key) ON DELETE CASCADE,
    permission_key TEXT NOT NULL REFERENCES permissions (key) ON DELETE CASCADE,
    PRIMARY KEY (role_key, permission_key)
) STRICT, WITHOUT ROWID;
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_billing:manage');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_billing:read');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_domains:manage');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_domains:read');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_entconns:manage');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_memberships:manage');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_memberships:read');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_profile:delete');
INSERT INTO "role_permissions" VALUES('org:admin','org:sys_profile:manage');
INSERT INTO "role_permissions" VALUES('org:member','org:sys_billing:read');
INSERT INTO "role_permissions" VALUES('org:member','org:sys_memberships:read');
CREATE TABLE roles (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;
INSERT INTO "roles" VALUES('role_3Ouil9iuf93LlgAmfZCSzv9aPMg','org:admin','Admin','Manages the organization and its members');
INSERT INTO "roles" VALUES('role_3Ouil6n6E831Ytp6yQLOEd4EQq3','org:member','Member','Works in the organization');
CREATE TABLE second_factors (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret      BLOB,
    enabled_at  INTEGER NOT NULL,
    disabled_at INTEGER,
    last_step   INTEGER,
    wrong_codes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "second_factors" VALUES('user_368G82YtxGmhSU30yOhO7A5Q1II',X'3132333435363738393031323334353637383930',1800000000000,NULL,NULL,0);
CREATE TABLE sessions (
    id                          TEXT PRIMARY KEY,
    client_id                   TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id                     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status                      TEXT NOT NULL,
    -- The tasks of a pending session in their order, separated by commas.
    tasks                       TEXT,
    -- 1 in single-session mode.
    is_sole                     INTEGER NOT NULL,
    first_factor_at             INTEGER NOT NULL,
    second_factor_at            INTEGER,
    -- The claim `act` of the session's tokens; NULL without impersonation.
    actor                       TEXT,
    last_active_organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL,
    user_agent                  TEXT,
    expire_at                   INTEGER NOT NULL,
    abandon_at                  INTEGER NOT NULL,
    last_active_at              INTEGER NOT NULL,
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL
) STRICT;
INSERT INTO "sessions" VALUES('sess_3OuilAoVs5vM8POR6LoKi5TAfAV','client_3Ouil4DDIIX8K8GEcJ0SfryHVlj','user_3Ouil97N1jaxN8d9fkSx5zv9chm','active',NULL,1,1800000000000,NULL,NULL,NULL,NULL,1800604800000,1802592000000,1800000000000,1800000000000,1800000000000);
INSERT INTO "sessions" VALUES('sess_3Ouil4FBasC4INaCGPJnxR1hIA1','client_3Ouil5Vd0ewNZ0esnl73S0iHVHo','user_3Ouil97N1jaxN8d9fkSx5zv9chm','active',NULL,1,1800000000000,NULL,NULL,NULL,NULL,1800604800000,1802592000000,1800000000000,1800000000000,1800000000000);
INSERT INTO "sessions" VALUES('sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z','client_3Ouil58gHOr9W8DwGQYXLy2XbOu','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','active',NULL,1,1800000000000,NULL,NULL,NULL,NULL,1800604800000,1802592000000,1800000000000,1800000000000,1800000000000);
INSERT INTO "sessions" VALUES('sess_3Ouil7UVTB7BTTWZsYcZyjFJzsG','client_3OuilA1x2M1jUkqLa2AgwFgMRGi','user_3OuilApvhOxX0nzJiwhU8i2inxW','active',NULL,1,1800000000000,NULL,NULL,NULL,NULL,1800604800000,1802592000000,1800000000000,1800000000000,1800000000000);
CREATE TABLE sign_in_tokens (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The organization that the sign-in activates.
    organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL,
    token_hash      BLOB NOT NULL UNIQUE,
    status          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "sign_in_tokens" VALUES('sit_3Ouil6Q18rU3nzITR88IXOoJ99F','user_MYFd2JB9DXWfTOrDqrCei5y20Ui',NULL,X'D1E797348EA5EED08CE16508374505E081D3AAF6A0CBCFD01547B52C009C57D7','pending',1802592000000,1800000000000,1800000000000);
CREATE TABLE sign_ins (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    identifier         TEXT NOT NULL,
    user_id            TEXT REFERENCES users (id) ON DELETE CASCADE,
    status             TEXT NOT NULL,
    -- When the first factor was verified, if a second one is required.
    first_factor_at    INTEGER,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;
INSERT INTO "sign_ins" VALUES('sia_3Ouil3MELPzkbehZ6Idt7PAsJUa','client_3Ouil4DDIIX8K8GEcJ0SfryHVlj','real@example.com','user_3Ouil97N1jaxN8d9fkSx5zv9chm','complete',NULL,'sess_3OuilAoVs5vM8POR6LoKi5TAfAV',1800086400000,1800000000000);
INSERT INTO "sign_ins" VALUES('sia_3Ouil7792yVxEXfD9eVfnluwSfs','client_3Ouil5Vd0ewNZ0esnl73S0iHVHo','real@example.com','user_3Ouil97N1jaxN8d9fkSx5zv9chm','complete',NULL,'sess_3Ouil4FBasC4INaCGPJnxR1hIA1',1800086400000,1800000000000);
INSERT INTO "sign_ins" VALUES('sia_3Ouil9GPqulRwVN8gQ14gRXui3k','client_3Ouil58gHOr9W8DwGQYXLy2XbOu','jane+clerk_test@example.com','user_MYFd2JB9DXWfTOrDqrCei5y20Ui','complete',NULL,'sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z',1800086400000,1800000000000);
CREATE TABLE sign_ups (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    email_address      TEXT NOT NULL,
    -- Set while something else that an account requires is missing.
    email_verified_at  INTEGER,
    password_hash      TEXT,
    first_name         TEXT,
    last_name          TEXT,
    -- The external provider's data, until the account exists.
    external_profile   TEXT,
    status             TEXT NOT NULL,
    created_user_id    TEXT,
    created_session_id TEXT,
    abandon_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;
INSERT INTO "sign_ups" VALUES('sua_3Ouil3popUgnLPXIqc2bBmNDu8o','client_3OuilA1x2M1jUkqLa2AgwFgMRGi','pat@example.org',NULL,NULL,'Pat','Example',NULL,'complete','user_3OuilApvhOxX0nzJiwhU8i2inxW','sess_3Ouil7UVTB7BTTWZsYcZyjFJzsG',1800086400000,1800000000000);
INSERT INTO "sign_ups" VALUES('sua_3Ouil5tgND0bOODXnuvp0dVj3T6','client_3Ouil3RAaRvhwMepSC8XFYSmmKT','later@example.com',NULL,'$argon2id$v=19$m=19456,t=2,p=1$x7nF6+V7Afftd0ysBajhYg$YGHxDuzH4Ewm+Z7RN7q4Aoeatw3y0eRF5Nkl3+Dm1p0','L','R',NULL,'missing_requirements',NULL,NULL,1800086400000,1800000000000);
CREATE TABLE totp_setups (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    secret     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO "totp_setups" VALUES('sess_3Ouil54Xu8OSqR1wNfNrNN9Us1z',X'F36E2CB860EA8CB4227432B15DAE0F23492D4D15',1800000000000);
CREATE TABLE users (
    id                          TEXT PRIMARY KEY,
    external_id                 TEXT,
    first_name                  TEXT,
    last_name                   TEXT,
    primary_email_address_id    TEXT REFERENCES email_addresses (id) DEFERRABLE INITIALLY DEFERRED,
    password_hash               TEXT,
    password_updated_at         INTEGER,
    password_compromised        INTEGER NOT NULL DEFAULT 0,
    failed_attempts             INTEGER NOT NULL DEFAULT 0,
    locked_until                INTEGER,
    banned                      INTEGER NOT NULL DEFAULT 0,
    delete_self_enabled         INTEGER NOT NULL DEFAULT 1,
    create_organization_enabled INTEGER NOT NULL DEFAULT 1,
    public_metadata             TEXT NOT NULL DEFAULT '{}',
    private_metadata            TEXT NOT NULL DEFAULT '{}',
    unsafe_metadata             TEXT NOT NULL DEFAULT '{}',
    last_sign_in_at             INTEGER,
    last_active_at              INTEGER,
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL
) STRICT;
INSERT INTO "users" VALUES('user_MYFd2JB9DXWfTOrDqrCei5y20Ui',NULL,'Jane','Doe','idn_3Ouil7LfW4E3CPQ2fRHGbrdQf40','$argon2id$v=19$m=19456,t=2,p=1$tffJmVgTagq4AEJTO6pa6A$aCcBAEYpuVugsNMVFdqyIvlIukVe7FLtetAM4gl1VAc',1800000000000,0,0,NULL,0,1,1,'{}','{}','{}',1800000000000,1800000000000,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_KaZGAb28T4tWwURqwhxb2J3I8kE',NULL,'Joe','Bloggs','idn_3Ouil3eSaeFQGsIjq3oTAOYd7cC','$argon2id$v=19$m=19456,t=2,p=1$I10RnA/mvjYCVMoN+H8kuA$3q4D+3V5Uj6nmOkiYGPiwt47cACiZahrHwR+REWDkh4',1800000000000,0,0,NULL,0,1,1,'{}','{}','{}',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_B4mXQzVcArjvHNicnO6Bsd4bNVP',NULL,'Solo','Traveller','idn_3OuilA6J5t54hj52YsiQVnhH0R9','$argon2id$v=19$m=19456,t=2,p=1$KbAX2EYqcn+8R4cZVe3giQ$bd98Mdz4x53ayxKbNy70F2uiLYbqQjir4GBFh03HutY',1800000000000,0,0,NULL,0,1,1,'{}','{}','{}',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_EEXKc6uS2lB21ajPxU45v42wItm',NULL,'Cody','Nopass','idn_3Ouil5vytf4MAMt0trmYNm2nMuV',NULL,NULL,0,0,NULL,0,1,1,'{}','{}','{}',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_QRpjQvVbm7mRCFBLpWqE2qMEDsC',NULL,'Lea','Ked','idn_3Ouil5zru2XiiQtIietdcEpDhoZ','$argon2id$v=19$m=19456,t=2,p=1$MxqzDxOpKr+ZVEksKVUG/Q$j6unLTbb6+xTg6QbTR2/+FZ4siIeclxVf0QumDluQaw',1800000000000,1,0,NULL,0,1,1,'{}','{}','{}',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_368G82YtxGmhSU30yOhO7A5Q1II',NULL,NULL,NULL,'idn_3Ouil4qWM9IBEzUsQUNHVnTprHm','$argon2id$v=19$m=19456,t=2,p=1$I13wTfFaazLDgTGNSsnHtA$T7x9Lyvsh01q+LNvt57Vsgs5nXt5L9doRzi9WD3AC1o',1800000000000,0,0,NULL,0,1,1,'{}','{}','{}',NULL,NULL,1800000000000,1800000000000);
INSERT INTO "users" VALUES('user_3Ouil97N1jaxN8d9fkSx5zv9chm','x1','X1',NULL,'idn_3Ouil3OjsJerCc4RbUnlmClNYQX','$argon2id$v=19$m=19456,t=2,p=1$Wle4ORc5f0oRya+vBSC1Sw$lxEWRMDX22A1vnm14zQpYiGr2hNN/A1ywvmivBmdU7g',1800000000000,0,0,NULL,0,1,1,'{"role":"admin"}','{}','{}',1800000000000,1800000000000,1800000000000,1795962052659);
INSERT INTO "users" VALUES('user_3OuilApvhOxX0nzJiwhU8i2inxW',NULL,'Pat','Example','idn_3Ouil4yHPZvzEZTK1pl4bSj5Xpn',NULL,NULL,0,0,NULL,0,1,1,'{}','{}','{}',1800000000000,1800000000000,1800000000000,1800000000000);
CREATE TABLE verifications (
    id           TEXT PRIMARY KEY,
    subject_type TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    strategy     TEXT NOT NULL,
    code_hash    BLOB NOT NULL,
    -- The recipient: the pause before the next code is per address, not per attempt.
    address_norm TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    status       TEXT NOT NULL,
    expire_at    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "verifications" VALUES('ver_3Ouil9SeNKwlc39em2Ogb4YUODn','sign_up','sua_3Ouil5tgND0bOODXnuvp0dVj3T6','email_code',X'F0B701A16AF5C16500D6EF8A21AD7FE98A61E2D9504E59D077A54DBE90C0B7F5','later@example.com',1,'unverified',1800000600000,1800000000000);
CREATE TABLE waitlist_entries (
    id           TEXT PRIMARY KEY,
    address      TEXT NOT NULL,
    address_norm TEXT NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    invited_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "waitlist_entries" VALUES('wle_3Ouil9a1iandxrfSuS5tzzkAcbm','wait@example.com','wait@example.com','pending',NULL,1800000000000,1800000000000);
CREATE TABLE webhook_deliveries (
    seq             INTEGER PRIMARY KEY,
    -- The same for all URLs and attempts.
    message_id      TEXT NOT NULL,
    url             TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    -- The user; the object itself if the event has no user. Events of one subject are delivered in order.
    subject_id      TEXT NOT NULL,
    body            TEXT NOT NULL,
    status          TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    response_status INTEGER,
    error           TEXT,
    -- NULL unless the delivery is pending.
    next_attempt_at INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "webhook_deliveries" VALUES(1,'msg_3MmiH4TZsgYfUIh8hLPDWe9wFZW','http://127.0.0.1:18998/hooks','user.updated','user_3Ouil97N1jaxN8d9fkSx5zv9chm','{"data":{"backup_code_enabled":false,"banned":false,"create_organization_enabled":true,"create_organizations_limit":null,"created_at":1800000000000,"delete_self_enabled":true,"email_addresses":[{"created_at":1800000000000,"email_address":"real@example.com","id":"idn_3Ouil3OjsJerCc4RbUnlmClNYQX","linked_to":[],"matches_sso_connection":false,"object":"email_address","reserved":false,"updated_at":1800000000000,"verification":{"attempts":null,"expire_at":null,"object":"verification_admin","status":"verified","strategy":"admin"}}],"enterprise_accounts":[],"external_accounts":[],"external_id":"x1","first_name":"X1","has_image":false,"id":"user_3Ouil97N1jaxN8d9fkSx5zv9chm","image_url":"http://127.0.0.1:18999/__local/avatar/user_3Ouil97N1jaxN8d9fkSx5zv9chm.svg","last_active_at":1800000000000,"last_name":null,"last_sign_in_at":1800000000000,"legal_accepted_at":null,"locked":false,"lockout_expires_in_seconds":null,"mfa_disabled_at":null,"mfa_enabled_at":null,"object":"user","passkeys":[],"password_enabled":true,"password_last_updated_at":1800000000000,"phone_numbers":[],"primary_email_address_id":"idn_3Ouil3OjsJerCc4RbUnlmClNYQX","primary_phone_number_id":null,"primary_web3_wallet_id":null,"private_metadata":{},"public_metadata":{"role":"admin"},"saml_accounts":[],"totp_enabled":false,"two_factor_enabled":false,"unsafe_metadata":{},"updated_at":1795962052659,"username":null,"verification_attempts_remaining":10,"web3_wallets":[]},"event_attributes":{"http_request":{"client_ip":"127.0.0.1","user_agent":"oracle"}},"instance_id":"ins_3Ouil6xZLLclM6YsHz0kGIzdMAY","object":"event","timestamp":1795962052659,"type":"user.updated"}','delivered',2,200,NULL,NULL,1795962052659,1795962053807);
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX email_addresses_verified ON email_addresses (address_norm) WHERE verified_at IS NOT NULL;
CREATE INDEX email_addresses_user ON email_addresses (user_id);
CREATE INDEX external_accounts_user ON external_accounts (user_id);
CREATE INDEX memberships_user ON memberships (user_id);
CREATE UNIQUE INDEX sessions_sole_per_client ON sessions (client_id)
    WHERE is_sole = 1 AND status IN ('active', 'pending');
CREATE UNIQUE INDEX sessions_live_per_user ON sessions (client_id, user_id) WHERE status IN ('active', 'pending');
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE UNIQUE INDEX verifications_open ON verifications (subject_type, subject_id, strategy)
    WHERE status = 'unverified';
CREATE INDEX verifications_subject ON verifications (subject_type, subject_id, strategy, created_at);
CREATE INDEX verifications_address ON verifications (address_norm, strategy, created_at);
CREATE UNIQUE INDEX application_invitations_pending ON application_invitations (address_norm)
    WHERE status = 'pending';
CREATE UNIQUE INDEX organization_invitations_pending ON organization_invitations (organization_id, address_norm)
    WHERE status = 'pending';
CREATE INDEX organization_invitations_address ON organization_invitations (address_norm);
CREATE TRIGGER users_images AFTER DELETE ON users BEGIN
    DELETE FROM images WHERE owner_id = old.id;
END;
CREATE TRIGGER organizations_images AFTER DELETE ON organizations BEGIN
    DELETE FROM images WHERE owner_id = old.id;
END;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (url, subject_id, seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (seq) WHERE status <> 'pending';
COMMIT;
