//! A service that answers: started, asked by another one, stopped.
//!
//! Owns the addresses of a pair. They are those of the examples' files; where the port is taken, the system picks one.

use std::time::Duration;

use crate::error::Error;
use crate::figures::Figures;
use crate::process::{Process, run};
use crate::stage::Stage;

/// How long a service may take to start or to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The runner's exit code for an address that it cannot bind.
pub(crate) const CANNOT_BIND: i32 = 69;

/// A service that is ready.
pub(crate) struct Server {
    process: Process,
    /// As the example's file has it.
    written: String,
    /// As it is bound.
    bound: String,
}

impl Server {
    /// Starts an example that has one replyer, and waits until it is ready.
    pub(crate) fn start(stage: &Stage, service: &str, replyer: &str) -> Result<Self, Error> {
        let file = format!("examples/{service}/addresses.json");
        let written = stage.text_in(&file, &format!("/connections/in/{replyer}/replyer"))?;
        match Self::start_at(stage, service, &file, &written) {
            Err(Error::Ended { status, .. }) if status.code() == Some(CANNOT_BIND) => {
                println!("    {written} is taken, so the system picks a port");
                let host = written.rsplit_once(':').map_or(written.as_str(), |(host, _)| host);
                let text = stage.read(&file)?.replace(&written, &format!("{host}:0"));
                let file = stage.write(&format!("{service}.addresses.json"), &text)?;
                Self::start_at(stage, service, &file, &written)
            }
            started => started,
        }
    }

    fn start_at(stage: &Stage, service: &str, addresses: &str, written: &str) -> Result<Self, Error> {
        let mut arguments = vec!["-a", addresses];
        let config = format!("examples/{service}/config.json");
        if stage.read(&config).is_ok() {
            arguments.extend(["-c", &config]);
        }
        let mut process = Process::start(stage.command(service, &arguments)?)?;
        // The runner logs each connection with its address when it is open.
        let bound = process.wait_for_line(PATIENCE, |line| {
            let (_, address) = line.split_once(" at tcp://")?;
            Some(address.to_owned())
        })?;
        println!("    ready at {bound}, log in {}", process.log());
        Ok(Self { process, written: written.to_owned(), bound })
    }

    /// Runs an example in main mode against this one, shows what it prints, and waits for its end.
    pub(crate) fn run_client(&self, stage: &Stage, client: &str) -> Result<Figures, Error> {
        let mut addresses = format!("examples/{client}/addresses.json");
        if self.bound != self.written {
            let text = stage.read(&addresses)?.replace(&self.written, &self.bound);
            addresses = stage.write(&format!("{client}.addresses.json"), &text)?;
        }
        let config = format!("examples/{client}/config.json");
        let output = run(stage.command(client, &["-m", "-a", &addresses, "-c", &config]), 0)?;
        output.show();
        Ok(Figures::of(output.stdout))
    }

    /// Where it is bound, if that is not where its example's file says.
    pub(crate) fn moved(&self) -> Option<(&str, &str)> {
        (self.bound != self.written).then_some((&self.written, &self.bound))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(self) -> Result<(), Error> {
        self.process.terminate(PATIENCE).map(drop)
    }
}
