use service_framework::prelude::*;

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.init(Self::init);
    }
}

impl Desk {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.every(Duration::from_secs(1), Self::tick)?;
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
