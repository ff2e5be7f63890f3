//! The server's side of groups that pages make and change.

use super::people::{PHONE, digits};
use super::{World, unix_ms};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::groups::{Act, Description, GroupAnswer, GroupAsk, GroupView, Participant, PersonAnswer, ServerGroup};
use crate::protocol::ToPage;

const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
const NOT_ACCEPTABLE: u16 = 406;
const TIMEOUT: u16 = 408;
const CONFLICT: u16 = 409;
/// How long an invite to one person is valid.
const INVITE_S: u64 = 3 * 24 * 3600;

impl World {
    /// Others make a group.
    pub(crate) fn add_group(&mut self, mut group: ServerGroup) -> Result<(String, String), Error> {
        for number in &group.members {
            self.directory.add(number, None)?;
        }
        // Who has made a group is an admin of it.
        if group.admins.is_empty() && !group.admin {
            group.admins.extend(group.members.first().cloned());
        }
        self.name(&mut group);
        let named = (group.id.clone(), group.code.clone());
        self.record.groups.push(group);
        self.touch();
        Ok(named)
    }

    fn name(&mut self, group: &mut ServerGroup) {
        let number = self.number();
        if group.id.is_empty() {
            group.id = format!("1203630000001{number:05}@g.us");
        }
        if group.code.is_empty() {
            group.code = self.code();
        }
    }

    /// Every code is another one of 22 characters.
    fn code(&mut self) -> String {
        format!("InviteOfAGroup{:08}", self.number())
    }

    /// Answers a page, or says nothing, as the faults want.
    pub(super) fn ask_group(&mut self, number: u64, req: u64, ask: GroupAsk) {
        if self.faults.server == ServerFault::Drop {
            return;
        }
        let changes = !matches!(ask, GroupAsk::Info { .. } | GroupAsk::About { .. } | GroupAsk::Invite { .. });
        let me = self.peers.get(&number).and_then(|peer| peer.device.clone());
        let me = me.and_then(|(phone, _)| self.accounts.get(&phone)).map(|account| account.me.lid.clone());
        let error = self.faults.group_errors.get(ask.name()).copied();
        let is_refused = error.is_some_and(|code| code < 500 && code != TIMEOUT);
        let done =
            if is_refused { Ok(GroupAnswer::default()) } else { self.answer_group(&me.unwrap_or_default(), ask) };
        let done = error.map_or(done, Err).map(|answer| self.strangely(answer));
        self.touch();
        if changes && self.faults.server == ServerFault::NeverAck {
            return;
        }
        let (code, answer) = done.map_or_else(|code| (code, GroupAnswer::default()), |answer| (200, answer));
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
                let flags =
                    ServerGroup { subject, announce, restrict, approval, admin_add, ephemeral, ..Default::default() };
                return Ok(self.create_group(me, flags, &people));
            }
            GroupAsk::About { invite } => {
                let group = self.record.groups.iter().find(|group| group.code == invite).ok_or(NOT_ACCEPTABLE)?;
                return Ok(GroupAnswer { group: Some(self.view(me, group)), ..GroupAnswer::default() });
            }
            GroupAsk::Join { invite } => return self.join(me, &invite),
            GroupAsk::Info { group } => {
                let group = self.group(&group)?;
                return Ok(GroupAnswer { group: Some(self.view(me, group)), ..GroupAnswer::default() });
            }
            GroupAsk::Leave { group } => self.group_mut(&group)?.is_member = false,
            GroupAsk::Subject { group, subject } => self.editable(&group)?.subject = subject,
            GroupAsk::Description { group, text, id, prev } => {
                let group = self.editable(&group)?;
                if group.description_id != prev {
                    return Err(CONFLICT);
                }
                group.description_id = text.is_some().then_some(id);
                group.description = text;
            }
            GroupAsk::Setting { group, name, value } => {
                let group = self.managed(&group)?;
                match name.as_str() {
                    "announcement" => group.announce = value == 1,
                    "restrict" => group.restrict = value == 1,
                    "ephemeral" => group.ephemeral = value,
                    "membership_approval_mode" => group.approval = value == 1,
                    _ => group.admin_add = value == 0,
                }
            }
            GroupAsk::Invite { group } => {
                let invite = Some(self.managed(&group)?.code.clone());
                return Ok(GroupAnswer { invite, ..GroupAnswer::default() });
            }
            GroupAsk::ResetInvite { group } => {
                let code = self.code();
                self.managed(&group)?.code.clone_from(&code);
                return Ok(GroupAnswer { invite: Some(code), ..GroupAnswer::default() });
            }
            GroupAsk::People { group, act, people } => {
                let may_add = act == Act::Add && !self.group(&group)?.admin_add;
                let found = if may_add { self.group_mut(&group) } else { self.managed(&group) };
                let id = found?.id.clone();
                let people = people.iter().map(|wid| self.act_on(&id, act, wid)).collect();
                return Ok(GroupAnswer { people, ..GroupAnswer::default() });
            }
        }
        Ok(GroupAnswer::default())
    }

    fn create_group(&mut self, me: &str, flags: ServerGroup, people: &[String]) -> GroupAnswer {
        let mut group = ServerGroup { admin: true, ..flags };
        self.name(&mut group);
        let id = group.id.clone();
        self.record.groups.push(group);
        let people = people.iter().map(|wid| self.act_on(&id, Act::Add, wid)).collect();
        let group = self.group(&id).ok().map(|group| self.view(me, group));
        GroupAnswer { group, people, ..GroupAnswer::default() }
    }

    fn act_on(&mut self, group: &str, act: Act, wid: &str) -> PersonAnswer {
        let phone = self.phone_behind(wid);
        let refusal = self.faults.group_refusals.get(&phone).copied();
        let code = self.group_mut(group).map_or(NOT_FOUND, |group| {
            let is_member = group.members.contains(&phone);
            match (act, is_member, refusal) {
                (Act::Add, true, _) => CONFLICT,
                (Act::Add, false, Some(code)) => code,
                (Act::Remove | Act::Promote | Act::Demote, false, _) => NOT_FOUND,
                (Act::Add, false, None) => {
                    group.members.push(phone.clone());
                    200
                }
                (Act::Promote, true, _) => {
                    group.admins.push(phone.clone());
                    200
                }
                (Act::Remove | Act::Demote, true, _) => {
                    group.admins.retain(|one| *one != phone);
                    if act == Act::Remove {
                        group.members.retain(|one| *one != phone);
                    }
                    200
                }
            }
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
        let found = self.record.groups.iter_mut().find(|group| group.code == invite).ok_or(NOT_ACCEPTABLE)?;
        if found.approval {
            found.asked = true;
        } else {
            found.is_member = true;
        }
        let group = found.clone();
        Ok(GroupAnswer { group: Some(self.view(me, &group)), asked: group.approval, ..GroupAnswer::default() })
    }

    /// The number behind a wid, or its user if nobody has it.
    fn phone_behind(&self, wid: &str) -> String {
        let person = self.directory.by_lid(wid).map(|person| person.phone);
        let phone = person.unwrap_or_else(|| wid.to_owned());
        digits(phone.trim_end_matches(PHONE)).unwrap_or(phone)
    }

    fn view(&self, me: &str, group: &ServerGroup) -> GroupView {
        let everybody: Vec<_> = self.directory.all().collect();
        let lid = |number: &String| {
            let person = everybody.iter().find(|person| person.phone.trim_end_matches(PHONE) == number);
            person.map_or_else(|| format!("{number}{PHONE}"), |person| person.lid.clone())
        };
        let others =
            group.members.iter().map(|number| Participant { id: lid(number), admin: group.admins.contains(number) });
        let own = group.is_member.then(|| Participant { id: me.to_owned(), admin: group.admin });
        GroupView {
            id: group.id.clone(),
            subject: group.subject.clone(),
            description: group
                .description_id
                .clone()
                .zip(group.description.clone())
                .map(|(id, text)| Description { id, text }),
            announce: group.announce,
            restrict: group.restrict,
            approval: group.approval,
            admin_add: group.admin_add,
            ephemeral: group.ephemeral,
            by_lid: true,
            participants: own.into_iter().chain(others).collect(),
        }
    }

    fn group(&self, id: &str) -> Result<&ServerGroup, u16> {
        self.record.groups.iter().find(|group| group.id == id && group.is_member).ok_or(NOT_FOUND)
    }

    fn group_mut(&mut self, id: &str) -> Result<&mut ServerGroup, u16> {
        self.record.groups.iter_mut().find(|group| group.id == id && group.is_member).ok_or(NOT_FOUND)
    }

    /// A group whose settings the account may change.
    fn managed(&mut self, id: &str) -> Result<&mut ServerGroup, u16> {
        self.group_mut(id).and_then(|group| if group.admin { Ok(group) } else { Err(FORBIDDEN) })
    }

    /// A group whose subject and description the account may change.
    fn editable(&mut self, id: &str) -> Result<&mut ServerGroup, u16> {
        self.group_mut(id).and_then(|group| if group.admin || !group.restrict { Ok(group) } else { Err(FORBIDDEN) })
    }
}
