//! Over many elements at a time: reductions, softmax, norms, attention.

use super::*;

/// Extents and steps of axes, at most four of them.
type Axes = Vec<(usize, usize)>;

/// What is gathered: an outer index says where, an inner one runs over it.
struct Gather {
    outer: Axes,
    inner: Axes,
    mode: u32,
}

fn count(axes: &Axes) -> usize {
    axes.iter().map(|axis| axis.0).product()
}

/// Neighbouring axes that lie closely packed become one.
fn merge(axes: Axes) -> Axes {
    let mut merged: Axes = Vec::new();
    for (extent, step) in axes.into_iter().filter(|axis| axis.0 > 1) {
        match merged.last_mut() {
            Some(last) if last.1 == step * extent => *last = (last.0 * extent, step),
            _ => merged.push((extent, step)),
        }
    }
    merged
}

impl Lowering<'_> {
    pub(super) fn reduce(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let shape = self.shape(step.inputs[0]);
        let (axes, mode) = match &step.op {
            Op::GlobalAvgPool2d {} => (vec![2, 3], 0),
            Op::Mean(over) => (over.axes.clone(), 0),
            Op::Sum(over) => (over.axes.clone(), 1),
            Op::MaxOver(over) => (over.axes.clone(), 2),
            _ => return Err(self.unsupported("is no reduction")),
        };
        let strides = shape.strides();
        let both = (0..shape.rank()).map(|axis| (axes.contains(&(axis as isize)), (shape.axis(axis), strides[axis])));
        let (inner, outer): (Vec<_>, Vec<_>) = both.partition(|axis| axis.0);
        let only = |axes: Vec<(bool, (usize, usize))>| axes.into_iter().map(|axis| axis.1).collect();
        let gather = Gather { outer: only(outer), inner: only(inner), mode };
        let header = Header::new();
        self.gather(step, header, gather, PlacesUniform::default())
    }

    pub(super) fn along(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let shape = self.shape(step.inputs[0]);
        let (axis, mode) = match &step.op {
            Op::Softmax { axis } => (*axis, 3),
            Op::LogSoftmax { axis } => (*axis, 4),
            Op::L2Normalize { axis, .. } => (*axis, 7),
            _ => return Err(self.unsupported("goes along no axis")),
        };
        let strides = shape.strides();
        let axes = |wanted: bool| {
            let kept = (0..shape.rank()).filter(|&one| (one == axis as usize) == wanted);
            kept.map(|one| (shape.axis(one), strides[one])).collect()
        };
        let gather = Gather { outer: axes(false), inner: axes(true), mode };
        let mut header = Header::new();
        if let Op::L2Normalize { epsilon, .. } = &step.op {
            self.number(&mut header, "EPSILON", *epsilon)?;
        }
        self.gather(step, header, gather, PlacesUniform::default())
    }

    pub(super) fn norm(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let shape = self.shape(step.inputs[0]);
        let elements = shape.elements();
        let (inner, mode, epsilon, weight, bias, is_by_channel) = match &step.op {
            Op::LayerNorm { weight, bias, axes_count, epsilon } => {
                let normalised = &shape.axes()[shape.rank() - axes_count..];
                (normalised.iter().map(|&axis| axis as usize).product(), 5, epsilon, weight, bias, false)
            }
            Op::GroupNorm { groups, weight, bias, epsilon } => {
                (elements / (shape.axis(0) * groups), 5, epsilon, weight, bias, true)
            }
            Op::RmsNorm { weight, epsilon } => (shape.last(), 6, epsilon, weight, &None, false),
            _ => return Err(self.unsupported("is no norm")),
        };
        let mut header = Header::new();
        let mut places = PlacesUniform::default();
        self.number(&mut header, "EPSILON", *epsilon)?;
        let (channel_inner, count) = channels(shape);
        header.set("BY_CHANNEL", is_by_channel);
        let length = if is_by_channel { count } else { inner };
        if let Some(weight) = weight {
            header.set("HAS_WEIGHT", true);
            places.slope = self.aux(Aux::Tensor(weight.clone()), length)?;
        }
        if let Some(bias) = bias {
            header.set("HAS_SHIFT", true);
            places.shift = self.aux(Aux::Tensor(bias.clone()), length)?;
        }
        header.set("CHANNEL_INNER", channel_inner).set("CHANNELS", count);
        let gather = Gather { outer: vec![(elements / inner, inner)], inner: vec![(inner, 1)], mode };
        self.gather(step, header, gather, places)
    }

    fn gather(
        &mut self,
        step: &Step,
        mut header: Header,
        gather: Gather,
        given: PlacesUniform,
    ) -> Result<Cost, GpuError> {
        let own = self.finish(step, &mut header)?;
        let x = self.place(step.inputs[0])?;
        let places = PlacesUniform { b: x.offset, shift: given.shift, slope: given.slope, ..own };
        header.set("B_SPACE", x.space as u32);
        let (outer, inner) = (count(&gather.outer), count(&gather.inner));
        let (d, e) = (merge(gather.outer), merge(gather.inner));
        if d.len() > 4 || e.len() > 4 {
            return Err(self.unsupported("gathers over more axes than the kernel knows"));
        }
        let names = [["D0", "A0"], ["D1", "A1"], ["D2", "A2"], ["D3", "A3"]];
        let inner_names = [["E0", "B0"], ["E1", "B1"], ["E2", "B2"], ["E3", "B3"]];
        for (names, axes) in [(names, d), (inner_names, e)] {
            for (at, [extent, stride]) in names.into_iter().enumerate() {
                let axis = (at + axes.len()).checked_sub(4).map_or((1, 0), |index| axes[index]);
                header.set(extent, axis.0).set(stride, axis.1);
            }
        }
        let lanes = inner.next_power_of_two().clamp(1, THREADS as usize);
        // Rows that alone fill the device need fewer invocations each.
        let lanes = if inner <= 4 && outer > 4096 { 1 } else { lanes };
        self.turns(inner.div_ceil(lanes))?;
        header.set("OUTER", outer).set("INNER", inner).set("LANES", lanes).set("MODE", gather.mode);
        header.set("SOFT", matches!(gather.mode, 3 | 4)).set("SQUARES", matches!(gather.mode, 6 | 7));
        for (name, value) in [("HAS_WEIGHT", false), ("BY_CHANNEL", false)] {
            if !header.has(name) {
                header.set(name, value);
            }
        }
        if !header.has("EPSILON") {
            header.set("EPSILON", 0.0_f32);
        }
        let groups = outer.div_ceil(THREADS as usize / lanes);
        self.dispatch(Kernel::Rows, header, places, (groups, THREADS, 0))?;
        let each = if gather.mode <= 2 { inner } else { 4 };
        Ok(Cost::simple(Kernel::Rows, each))
    }

    pub(super) fn attention(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let Op::Attention { heads, scale, causal } = &step.op else { return Err(self.unsupported("is no attention")) };
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let [q, k, v] = [0, 1, 2].map(|index| self.place(step.inputs[index]));
        let (q, k, v) = (q?, k?, v?);
        header.set("A_SPACE", q.space as u32).set("B_SPACE", k.space as u32).set("C_SPACE", v.space as u32);
        (places.a, places.b, places.weight) = (q.offset, k.offset, v.offset);
        let (query, key) = (self.shape(step.inputs[0]), self.shape(step.inputs[1]));
        let depth = query.axis(2) / heads;
        // Workgroup memory holds the queries, their scores and one number for each invocation.
        let fits = |queries: usize| queries * (depth + THREADS as usize) + THREADS as usize <= 4096;
        let queries = [4, 2, 1].into_iter().find(|&queries| fits(queries) && queries <= query.axis(1));
        let queries = queries.or_else(|| fits(1).then_some(1));
        let queries = queries.ok_or_else(|| self.unsupported(format!("heads of {depth} numbers are too large")))?;
        let tiles = query.axis(1).div_ceil(queries);
        header.set_all(&[
            ("QUERIES", queries),
            ("QUERY_TILES", tiles),
            ("DEPTH", depth),
            ("SLOTS", depth.div_ceil(THREADS as usize)),
            ("HEADS", *heads),
            ("LQ", query.axis(1)),
            ("LK", key.axis(1)),
        ]);
        header.set("CAUSAL", *causal).set("LEAST", f32::MIN);
        self.number(&mut header, "SCALE", scale.unwrap_or(1.0 / (depth as f32).sqrt()))?;
        self.turns(key.axis(1) * depth)?;
        self.dispatch(Kernel::Attention, header, places, (tiles * heads * query.axis(0), THREADS, 0))?;
        Ok(Cost::simple(Kernel::Attention, 4 * key.axis(1)))
    }
}
