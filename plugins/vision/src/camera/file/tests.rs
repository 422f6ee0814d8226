use super::*;
use crate::camera::CameraModelError;
use proptest::prelude::*;

/// The layout of OpenCV's `left_intrinsics.yml`, with rounded numbers.
const OPENCV: &str = "%YAML:1.0
---
calibration_time: \"Sun 22 Nov 2026 07:00:00\"
image_width: 640
image_height: 480
# flags: +fix_aspectRatio
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 5.359e+02, 0., 3.4225e+02, 0.,
       5.36e+02, 2.355e+02, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -2.66e-01, -3.8e-02, 1.78e-03, -2.8e-04, 2.38e-01 ]
";

fn expected() -> CalibrationFile {
    CalibrationFile {
        size: Some((640, 480)),
        intrinsics: Intrinsics { fx: 535.9, fy: 536.0, cx: 342.25, cy: 235.5 },
        coefficients: vec![-0.266, -0.038, 0.00178, -0.00028, 0.238],
    }
}

fn message(text: &str) -> String {
    CalibrationFile::parse(text).unwrap_err().to_string()
}

#[test]
fn reads_opencv_yaml() {
    assert_eq!(CalibrationFile::parse(OPENCV), Ok(expected()));
    assert_eq!(CalibrationFile::parse(&OPENCV.replace('\n', "\r\n")), Ok(expected()));
}

#[test]
fn reads_other_layouts() {
    let ros = "image_width: 640\nimage_height: 480\ncamera_name: left\ncamera_matrix:\n  rows: 3\n  cols: 3\n  \
               data: [535.9, 0, 342.25, 0, 536, 235.5, 0, 0, 1]\ndistortion_model: plumb_bob\n\
               distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: [-0.266, -0.038, 0.00178, -0.00028, 0.238]\n";
    assert_eq!(CalibrationFile::parse(ros), Ok(expected()));
    let dumped = "cameraMatrix:\n- - 535.9\n  - 0.0\n  - 342.25\n- - 0.0\n  - 536.0\n  - 235.5\n- - 0.0\n  - 0.0\n  - 1.0\n\
                  distCoeffs:\n- - -0.266\n  - -0.038\n  - 0.00178\n  - -0.00028\n  - 0.238\nimage_size: [640, 480]\n";
    assert_eq!(CalibrationFile::parse(dumped), Ok(expected()));
    let json = "{\n  \"K\": [[535.9, 0, 342.25], [0, 536, 235.5], [0, 0, 1]],\n\
                \"D\": {\"type_id\": \"opencv-matrix\", \"rows\": 1, \"cols\": 5, \"dt\": \"d\",\n\
                \"data\": [-0.266, -0.038, 0.00178, -0.00028, 0.238]},\n\"width\": 640, \"height\": 480 }";
    assert_eq!(CalibrationFile::parse(json), Ok(expected()));
}

#[test]
fn a_file_without_size_is_for_any() {
    let text = "K: [500, 0, 320, 0, 500, 240, 0, 0, 1]\nD: [0, 0, 0, 0]\n";
    let file = CalibrationFile::parse(text).unwrap();
    assert_eq!(file.size, None);
    assert_eq!(file.model(800, 600).unwrap().width(), 800);
    assert!(matches!(file.model_at_own_size(), Err(CalibrationFileError::Missing { .. })));
}

#[test]
fn another_size_is_scaled_and_another_shape_refused() {
    let camera = expected().model(1280, 960).unwrap();
    assert!((camera.intrinsics().fx - 1071.8).abs() < 1e-9 && (camera.intrinsics().cx - 685.0).abs() < 1e-9);
    let error = expected().model(1280, 720).unwrap_err();
    assert_eq!(error.to_string(), "calibrated for 640x480, which cannot be scaled to 1280x720: another aspect ratio");
}

#[test]
fn broken_files_name_the_line() {
    assert_eq!(message(""), "line 1: the file is empty");
    assert_eq!(message("a: 1\nnonsense\n"), "line 2: expected `name: value`, found \"nonsense\"");
    assert_eq!(message("a: 1\nK: [1, 2,\n  3\n"), "line 2: a bracket is opened here and never closed");
    assert_eq!(message("a: 1\n\nK: [1, 2\n 3]\n"), "line 4: expected `,` or `]`, found '3'");
    assert_eq!(
        message("a: 1\n    b: 2\n"),
        "no camera matrix (camera_matrix, cameraMatrix, K) in the file; it names a"
    );
    assert_eq!(message("a:\n  b: 1\n    c: 2\n d: 3\n"), "line 4: indented more than the lines before it");
    assert_eq!(message("\ta: 1\n"), "line 1: indented with a tab; YAML wants spaces");
    assert_eq!(message(&OPENCV.replace("3.4225e+02", "oops")), "line 11: camera_matrix holds \"oops\", no number");
    assert_eq!(
        message(&OPENCV.replace("rows: 5", "rows: 4")),
        "line 14: distortion_coefficients is said to be 4x1 and has 5 numbers"
    );
    assert_eq!(
        message(&OPENCV.replace("0., 0., 1. ]", "0., 0., 2. ]")),
        "line 8: camera_matrix is no camera matrix: below the diagonal it must be 0, its last element 1"
    );
    assert_eq!(
        message(&OPENCV.replace("640", "640.5")),
        "line 4: image_width is [640.5], which is no number of pixels"
    );
    assert_eq!(
        message("distortion_model: equidistant\nK: [1]\n"),
        "line 1: distortion_model is equidistant; only plumb_bob and rational_polynomial are read"
    );
}

#[test]
fn broken_xml_names_the_line() {
    assert_eq!(message("<a>\n<b>\n</a>"), "line 3: </a> closes <b> of line 2");
    assert_eq!(message("<a>\n<b>\n"), "line 2: <b> is never closed");
    assert_eq!(message("<a>\n<b"), "line 2: a tag is opened here and never closed");
    assert_eq!(message("<!-- nothing -->"), "line 1: no XML element in the file");
    let broken = expected().to_xml().replace("342.25", "x");
    assert_eq!(message(&broken), "line 9: camera_matrix holds \"x\", no number");
}

#[test]
fn nonsense_numbers_are_no_camera() {
    let file = CalibrationFile::parse(&OPENCV.replace("5.36e+02", ".Nan")).unwrap();
    let error = file.model_at_own_size().unwrap_err();
    assert!(matches!(error, CalibrationFileError::Model(CameraModelError::NotFinite { name: "fy", .. })));
}

#[test]
fn deep_nests_are_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("<a>", "</a>")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(message(&text).contains("too deep"), "{open}");
    }
}

fn any_camera() -> impl Strategy<Value = CalibrationFile> {
    (1..5000_u32, 1..5000_u32, prop::array::uniform4(-1e6..1e6_f64), prop::collection::vec(-1e3..1e3_f64, 1..9))
        .prop_map(|(width, height, [fx, fy, cx, cy], coefficients)| CalibrationFile {
            size: Some((width, height)),
            intrinsics: Intrinsics { fx, fy, cx, cy },
            coefficients,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(file in any_camera()) {
        prop_assert_eq!(CalibrationFile::parse(&file.to_yaml()), Ok(file.clone()));
        prop_assert_eq!(CalibrationFile::parse(&file.to_xml()), Ok(file));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ \\-\\[\\]{}<>/:,#!%'\"a-c0-2\n\t.]{0,80}") {
        drop(CalibrationFile::parse(&text));
    }

    #[test]
    fn any_cut_file_is_read_or_refused(at in 0..400_usize, with in "[ \\-\\[\\]:,#\n]{0,3}") {
        let text = format!("{}{with}{}", &OPENCV[..at], &OPENCV[at + 1..]);
        drop(CalibrationFile::parse(&text));
    }
}
