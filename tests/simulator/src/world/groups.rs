//! What pages ask the server about groups.

use super::World;
use super::members::{Change, Held};
use super::people::{PHONE, digits};
use super::unix_ms;
use crate::faults::ServerFault;
use crate::groups::{Act, GroupAnswer, GroupAsk, PersonAnswer, ServerGroup};
use crate::protocol::ToPage;

const DONE: u16 = 200;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
const NOT_ACCEPTABLE: u16 = 406;
const TIMEOUT: u16 = 408;
const CONFLICT: u16 = 409;
/// How long an invite to one person is valid.
const INVITE_S: u64 = 3 * 24 * 3600;

impl World {
    /// Answers a page, or says nothing, as the faults want.
    pub(super) fn ask_group(&mut self, number: u64, req: u64, ask: GroupAsk) {
        if self.faults.server == ServerFault::Drop {
            return;
        }
        let changes = !matches!(
            ask,
            GroupAsk::Participating | GroupAsk::Info { .. } | GroupAsk::About { .. } | GroupAsk::Invite { .. }
        );
        let Some((me, _)) = self.peers.get(&number).and_then(|peer| peer.device.clone()) else { return };
        let error = self.faults.group_errors.get(ask.name()).copied();
        let is_refused = error.is_some_and(|code| code < 500 && code != TIMEOUT);
        let done = if is_refused { Ok(GroupAnswer::default()) } else { self.answer_group(&me, ask) };
        let done = error.map_or(done, Err).map(|answer| self.strangely(answer));
        self.touch();
        if changes && self.faults.server == ServerFault::NeverAck {
            return;
        }
        let (code, answer) = done.map_or_else(|code| (code, GroupAnswer::default()), |answer| (DONE, answer));
        self.tell(number, &ToPage::Grouped { req, code, answer });
    }

    /// The answer in the way in which the faults want people to be named.
    fn strangely(&self, mut answer: GroupAnswer) -> GroupAnswer {
        if self.faults.group_answers_strange {
            answer.people.reverse();
            for (index, person) in answer.people.iter_mut().enumerate() {
                person.id = format!("99900000000{index:04}@lid");
            }
        }
        answer
    }

    fn answer_group(&mut self, me: &str, ask: GroupAsk) -> Result<GroupAnswer, u16> {
        match ask {
            GroupAsk::Create { subject, people, announce, restrict, approval, admin_add, ephemeral } => {
                let about =
                    ServerGroup { subject, announce, restrict, approval, admin_add, ephemeral, ..Default::default() };
                return Ok(self.create_group(me, about, &people));
            }
            GroupAsk::Participating => {
                let own = self.groups.iter().filter(|group| group.has(me) && !group.about.untold);
                return Ok(GroupAnswer { groups: own.map(|group| self.view(group)).collect(), ..Default::default() });
            }
            GroupAsk::About { invite } => {
                let group = self.groups.iter().find(|group| group.about.code == invite).ok_or(NOT_ACCEPTABLE)?;
                return Ok(GroupAnswer { group: Some(self.view(group)), ..GroupAnswer::default() });
            }
            GroupAsk::Join { invite } => return self.join(me, &invite),
            GroupAsk::Info { group } => {
                let group = self.held(&group).filter(|group| group.has(me)).ok_or(NOT_FOUND)?;
                return Ok(GroupAnswer { group: Some(self.view(group)), ..GroupAnswer::default() });
            }
            GroupAsk::Leave { group } => {
                self.own(me, &group)?.remove(me);
                self.tell_members(&group, &Change { what: "leave", by: me, people: &[me.to_owned()], value: None });
            }
            GroupAsk::Subject { group, subject } => {
                self.editable(me, &group)?.about.subject.clone_from(&subject);
                self.tell_members(&group, &Change { what: "subject", by: me, people: &[], value: Some(subject) });
            }
            GroupAsk::Description { group, text, id, prev } => {
                let about = &mut self.editable(me, &group)?.about;
                if about.description_id != prev {
                    return Err(CONFLICT);
                }
                about.description_id = text.is_some().then_some(id);
                about.description.clone_from(&text);
                self.tell_members(&group, &Change { what: "description", by: me, people: &[], value: text });
            }
            GroupAsk::Setting { group, name, value } => {
                let what = set(&mut self.managed(me, &group)?.about, &name, value);
                self.tell_members(&group, &Change { what, by: me, ..Change::default() });
            }
            GroupAsk::Invite { group } => {
                let invite = Some(self.managed(me, &group)?.about.code.clone());
                return Ok(GroupAnswer { invite, ..GroupAnswer::default() });
            }
            GroupAsk::ResetInvite { group } => {
                let code = self.new_code();
                self.managed(me, &group)?.about.code.clone_from(&code);
                self.tell_members(&group, &Change { what: "invite", by: me, ..Change::default() });
                return Ok(GroupAnswer { invite: Some(code), ..GroupAnswer::default() });
            }
            GroupAsk::People { group, act, people } => {
                let may_add = act == Act::Add && !self.own(me, &group)?.about.admin_add;
                if !may_add {
                    self.managed(me, &group)?;
                }
                let people: Vec<_> = people.iter().map(|wid| self.act_on(&group, act, wid)).collect();
                let done: Vec<String> =
                    people.iter().filter(|one| one.code == DONE).map(|one| self.phone_behind(&one.id)).collect();
                let what = act.word();
                if !done.is_empty() {
                    self.tell_members(&group, &Change { what, by: me, people: &done, value: None });
                }
                return Ok(GroupAnswer { people, ..GroupAnswer::default() });
            }
        }
        Ok(GroupAnswer::default())
    }

    fn create_group(&mut self, me: &str, about: ServerGroup, people: &[String]) -> GroupAnswer {
        let own = vec![me.to_owned()];
        let id = self.hold_group(Held { about, members: own.clone(), admins: own, asked: Vec::new() });
        let people = people.iter().map(|wid| self.act_on(&id, Act::Add, wid)).collect();
        let others: Vec<String> = self.held(&id).map(|group| group.members[1..].to_vec()).unwrap_or_default();
        self.tell_members(&id, &Change { what: "create", by: me, people: &others, value: None });
        let group = self.held(&id).map(|group| self.view(group));
        GroupAnswer { group, people, ..GroupAnswer::default() }
    }

    fn act_on(&mut self, group: &str, act: Act, wid: &str) -> PersonAnswer {
        let phone = self.phone_behind(wid);
        let refusal = self.faults.group_refusals.get(&phone).copied();
        let held = self.groups.iter_mut().find(|held| held.about.id == group);
        let code = held.map_or(NOT_FOUND, |group| {
            match (act, group.has(&phone), refusal) {
                (Act::Add, true, _) => return CONFLICT,
                (Act::Add, false, Some(code)) => return code,
                (Act::Remove | Act::Promote | Act::Demote, false, _) => return NOT_FOUND,
                (Act::Add, false, None) => group.add(&phone),
                (Act::Promote, true, _) => group.promote(&phone),
                (Act::Demote, true, _) => group.demote(&phone),
                (Act::Remove, true, _) => group.remove(&phone),
            }
            DONE
        });
        let invited = code == FORBIDDEN;
        PersonAnswer {
            id: wid.to_owned(),
            code,
            invite: invited.then(|| format!("INVITE{}", &phone[phone.len().saturating_sub(4)..])),
            expires: invited.then(|| unix_ms() / 1000 + INVITE_S),
        }
    }

    fn join(&mut self, me: &str, invite: &str) -> Result<GroupAnswer, u16> {
        let found = self.groups.iter_mut().find(|group| group.about.code == invite).ok_or(NOT_ACCEPTABLE)?;
        let (id, asked, was_in) = (found.about.id.clone(), found.about.approval, found.has(me));
        if asked {
            found.asked.push(me.to_owned());
        } else {
            found.add(me);
        }
        if !asked && !was_in {
            self.tell_members(&id, &Change { what: "join", by: me, people: &[me.to_owned()], value: None });
        }
        let group = self.held(&id).map(|group| self.view(group));
        Ok(GroupAnswer { group, asked, ..GroupAnswer::default() })
    }

    /// The number behind a wid, or its user if nobody has it.
    fn phone_behind(&self, wid: &str) -> String {
        let person = self.directory.by_lid(wid).map(|person| person.phone);
        let phone = person.unwrap_or_else(|| wid.to_owned());
        digits(phone.trim_end_matches(PHONE)).unwrap_or(phone)
    }

    /// A group that the account is in.
    fn own(&mut self, me: &str, id: &str) -> Result<&mut Held, u16> {
        self.groups.iter_mut().find(|group| group.about.id == id && group.has(me)).ok_or(NOT_FOUND)
    }

    /// A group whose settings the account may change.
    fn managed(&mut self, me: &str, id: &str) -> Result<&mut Held, u16> {
        self.own(me, id).and_then(|group| if group.is_led_by(me) { Ok(group) } else { Err(FORBIDDEN) })
    }

    /// A group whose subject and description the account may change.
    fn editable(&mut self, me: &str, id: &str) -> Result<&mut Held, u16> {
        let may = |group: &Held| group.is_led_by(me) || !group.about.restrict;
        self.own(me, id).and_then(|group| if may(group) { Ok(group) } else { Err(FORBIDDEN) })
    }
}

/// Changes a setting; returns what the members are told.
fn set(about: &mut ServerGroup, name: &str, value: u64) -> &'static str {
    match name {
        "announcement" => about.announce = value == 1,
        "restrict" => about.restrict = value == 1,
        "ephemeral" => about.ephemeral = value,
        "membership_approval_mode" => about.approval = value == 1,
        _ => about.admin_add = value == 0,
    }
    match (name, value) {
        ("announcement", 1) => "announcement",
        ("announcement", _) => "not_announcement",
        ("restrict", 1) => "locked",
        ("restrict", _) => "unlocked",
        _ => "settings",
    }
}
