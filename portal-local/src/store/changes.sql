-- The changes of the open transaction that events report. Everything here is temporary: it belongs to the connection, and
-- a rollback undoes it. The names of objects and changes are those of Clerk's event types.

CREATE TEMP TABLE noted_changes (
    seq    INTEGER PRIMARY KEY,
    object TEXT NOT NULL,
    id     TEXT NOT NULL,
    kind   TEXT NOT NULL,
    -- A deleted user's external ID; a deleted organization's slug; a new invitation's link.
    detail TEXT
);
-- Rows as they were before their deletion.
CREATE TEMP TABLE gone_sessions AS SELECT * FROM main.sessions LIMIT 0;
CREATE TEMP TABLE gone_memberships AS SELECT * FROM main.memberships LIMIT 0;

-- Users, with everything that their view shows. The time of the last use is not a change: each request sets it.
CREATE TEMP TRIGGER noted_user_created AFTER INSERT ON main.users BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_user_updated AFTER UPDATE OF updated_at, last_sign_in_at ON main.users BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.id, 'updated');
END;
-- Each sign-in writes it, mostly NULL over NULL.
CREATE TEMP TRIGGER noted_user_locked AFTER UPDATE OF locked_until ON main.users
WHEN old.locked_until IS NOT new.locked_until BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.id, 'updated');
END;
CREATE TEMP TRIGGER noted_user_deleted AFTER DELETE ON main.users BEGIN
    INSERT INTO noted_changes (object, id, kind, detail) VALUES ('user', old.id, 'deleted', old.external_id);
END;
CREATE TEMP TRIGGER noted_address_added AFTER INSERT ON main.email_addresses BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_address_changed AFTER UPDATE ON main.email_addresses BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_address_removed AFTER DELETE ON main.email_addresses BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', old.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_account_added AFTER INSERT ON main.external_accounts BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_account_changed AFTER UPDATE ON main.external_accounts BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_account_removed AFTER DELETE ON main.external_accounts BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', old.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_totp_added AFTER INSERT ON main.second_factors BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_totp_changed AFTER UPDATE OF secret ON main.second_factors
WHEN old.secret IS NOT new.secret BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_backup_code_added AFTER INSERT ON main.backup_codes BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', new.user_id, 'updated');
END;
CREATE TEMP TRIGGER noted_backup_code_removed AFTER DELETE ON main.backup_codes BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('user', old.user_id, 'updated');
END;

-- An image belongs to a user or an organization.
CREATE TEMP TRIGGER noted_image_added AFTER INSERT ON main.images BEGIN
    INSERT INTO noted_changes (object, id, kind)
        SELECT 'user', id, 'updated' FROM users WHERE id = new.owner_id
        UNION ALL SELECT 'organization', id, 'updated' FROM organizations WHERE id = new.owner_id;
END;
CREATE TEMP TRIGGER noted_image_removed AFTER DELETE ON main.images BEGIN
    INSERT INTO noted_changes (object, id, kind)
        SELECT 'user', id, 'updated' FROM users WHERE id = old.owner_id
        UNION ALL SELECT 'organization', id, 'updated' FROM organizations WHERE id = old.owner_id;
END;

CREATE TEMP TRIGGER noted_session_created AFTER INSERT ON main.sessions BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('session', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_session_changed AFTER UPDATE OF status ON main.sessions WHEN old.status <> new.status BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('session', new.id, CASE new.status
        WHEN 'active' THEN 'created' WHEN 'pending' THEN 'pending'
        WHEN 'removed' THEN 'removed' WHEN 'revoked' THEN 'revoked' ELSE 'ended' END);
END;
CREATE TEMP TRIGGER noted_session_gone BEFORE DELETE ON main.sessions BEGIN
    INSERT INTO gone_sessions SELECT * FROM sessions WHERE id = old.id;
END;

CREATE TEMP TRIGGER noted_organization_created AFTER INSERT ON main.organizations BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organization', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_organization_updated AFTER UPDATE OF updated_at ON main.organizations BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organization', new.id, 'updated');
END;
CREATE TEMP TRIGGER noted_organization_deleted AFTER DELETE ON main.organizations BEGIN
    INSERT INTO noted_changes (object, id, kind, detail) VALUES ('organization', old.id, 'deleted', old.slug);
END;

CREATE TEMP TRIGGER noted_membership_created AFTER INSERT ON main.memberships BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organizationMembership', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_membership_updated AFTER UPDATE OF updated_at ON main.memberships BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organizationMembership', new.id, 'updated');
END;
CREATE TEMP TRIGGER noted_membership_deleted BEFORE DELETE ON main.memberships BEGIN
    INSERT INTO gone_memberships SELECT * FROM memberships WHERE id = old.id;
    INSERT INTO noted_changes (object, id, kind) VALUES ('organizationMembership', old.id, 'deleted');
END;

-- Clerk has no event for an invitation that expires.
CREATE TEMP TRIGGER noted_invitation_created AFTER INSERT ON main.organization_invitations BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organizationInvitation', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_invitation_changed AFTER UPDATE OF status ON main.organization_invitations
WHEN old.status <> new.status AND new.status IN ('accepted', 'revoked') BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('organizationInvitation', new.id, new.status);
END;

CREATE TEMP TRIGGER noted_waitlist_entry_created AFTER INSERT ON main.waitlist_entries BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('waitlistEntry', new.id, 'created');
END;
CREATE TEMP TRIGGER noted_waitlist_entry_updated AFTER UPDATE OF status ON main.waitlist_entries
WHEN old.status <> new.status BEGIN
    INSERT INTO noted_changes (object, id, kind) VALUES ('waitlistEntry', new.id, 'updated');
END;
