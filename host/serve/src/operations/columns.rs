//! Columns as they are, for renderers and notebooks.

use super::super::packed_columns::Columns;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::filter::component;

pub fn columns(question: &Question<'_>) -> Result<Reply, Problem> {
    let moment = question.moment()?;
    let name = question.parameter("kind").unwrap_or_default();
    let id = component(&moment.world, "kind", name)?;
    let columns = Columns::of(&moment.world, id, &moment.chain)?;
    Ok(Reply::packed(columns.message(true)).at(moment.at()))
}
